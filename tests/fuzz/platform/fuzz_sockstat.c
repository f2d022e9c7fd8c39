/* Reads /proc/net/sockstat, snmp, snmp6 and netstat. */
#include "fuzz/fuzz.h"
#include "kernel_parse.h"
#include "sockstat_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"inuse", "tw", "ActiveOpens", "PassiveOpens"};
    static const char *const lines[] = {"TCP:", "TCP6:", "Tcp:"};

    struct kernel_reading r = {.known = 0};

    for (enum kernel_file file = 0; file < NET_FILES; file++)
        kernel_parse(file, (const char *)data, size, &r);
    kernel_parse_conntrack((const char *)data, size, &r);
    kernel_parse_number((const char *)data, size, CONNTRACK_MAX, &r);
    MUST(!(r.known >> KERNEL_COUNTERS));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
            const char *text = (const char *)data;
            uint64_t n = 7;

            MUST(sockstat_parse(text, size, lines[k], names[i], &n) || n == 7);
            MUST(n <= 9999999999999999999u);
            n = 7;
            MUST(snmp_parse(text, size, lines[k], names[i], &n) || n == 7);
        }
    return 0;
}
