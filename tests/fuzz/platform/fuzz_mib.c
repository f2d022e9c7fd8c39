/* Reads one of Windows' tables. The first byte chooses which. */
#include "base/ip.h"
#include "fuzz/fuzz.h"
#include "windows/mib_parse.h"

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    uint64_t *taken = ctx;

    MUST(s->ip_version == 4 || (s->ip_version == 6 && !ip_is_mapped(s->local)));
    for (int i = 4; s->ip_version == 4 && i < 16; i++)
        MUST(!s->local[i]);
    MUST(s->state < STATE_COUNT);
    *taken += n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mib_table table;
    uint64_t taken = 0;
    int ret;

    if (!size)
        return 0;
    table = (struct mib_table){(enum protocol)(*data & 1), *data >> 1 & 1, (enum mib_rows)((*data >> 2) % 3)};
    ret = mib_parse(data + 1, size - 1, &table, take, &taken);
    MUST(ret == 0 || taken == 0);
    MUST(taken <= size / 12);
    MUST(mib_size(data + 1, size - 1, &table) <= size - 1);
    return 0;
}
