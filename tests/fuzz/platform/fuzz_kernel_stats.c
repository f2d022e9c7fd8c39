/* Reads macOS's and FreeBSD's structs of counters, which the first byte chooses. */
#include <string.h>

#include "darwin/kernel_parse.h"
#include "freebsd/kernel_parse.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bsd_stats_parse_fn *const parse[] = {darwin_kernel_parse, freebsd_kernel_parse};
    struct kernel_reading once = {.known = 0}, twice;
    bool freebsd;

    if (!size)
        return 0;
    freebsd = *data >> 1 & 1;
    parse[freebsd]((enum protocol)(*data & 1), data + 1, size - 1, &once);
    MUST(!(once.known >> KERNEL_COUNTERS) && !(once.known & ((1u << KERNEL_GAUGES) - 1)));
    for (int i = 0; i < KERNEL_COUNTERS; i++) {
        MUST(once.known >> i & 1 || !once.n[i]);
        MUST(freebsd || once.n[i] <= UINT32_MAX);
    }
    /* Readings are added, and macOS's numbers wrap at 32 bits. */
    twice = once;
    parse[freebsd]((enum protocol)(*data & 1), data + 1, size - 1, &twice);
    MUST(twice.known == once.known);
    for (int i = 0; i < KERNEL_COUNTERS; i++)
        MUST(twice.n[i] == (freebsd ? 2 * once.n[i] : (uint32_t)(2 * once.n[i])));
    return 0;
}
