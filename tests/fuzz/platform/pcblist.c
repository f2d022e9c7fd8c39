#include "fuzz/platform/pcblist.h"

#include "fuzz/count/count_socket.h"
#include "fuzz/fuzz.h"

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    MUST(s->local_port);
    count_socket(ctx, s, n);
}

void fuzz_pcblist(pcblist_parse_fn *parse, const uint8_t *data, size_t size)
{
    for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
        uint64_t taken[2] = {0};
        int ret[2];

        for (int first = 0; first < 2; first++) {
            struct poll_report report = {0};
            const struct pcblist list = {(enum protocol)protocol, first, take, &taken[first], &report};

            ret[first] = parse(data, size, &list);
            MUST(ret[first] <= 0);
        }
        MUST(ret[0] == ret[1] && (ret[0] || taken[0] == taken[1])); /* the order must change nothing else */
    }
}
