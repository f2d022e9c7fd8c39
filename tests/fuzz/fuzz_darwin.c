/* A list of TCP, then of UDP sockets as macOS gives it. */
#include <string.h>

#include "darwin/pcblist_parse.h"
#include "fuzz.h"
#include "ip.h"

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    uint64_t *taken = ctx;

    MUST(s->ip_version == 4 || (s->ip_version == 6 && !ip_is_mapped(s->local)));
    for (int i = 4; s->ip_version == 4 && i < 16; i++)
        MUST(!s->local[i]);
    MUST(s->state < STATE_COUNT && s->protocol < PROTOCOL_COUNT);
    *taken += n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
        uint64_t taken[2] = {0};
        int ret[2];

        for (int first = 0; first < 2; first++) {
            struct poll_report report = {0};
            const struct pcblist list = {(enum protocol)protocol, first, take, &taken[first], &report};

            ret[first] = darwin_pcblist_parse(data, size, &list);
            MUST(!ret[first] || ret[first] < 0);
            MUST(taken[first] == report.sockets);
        }
        MUST(ret[0] == ret[1] && (ret[0] || taken[0] == taken[1])); /* the order changes nothing else */
    }
    return 0;
}
