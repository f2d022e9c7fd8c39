#include "fuzz/count/count_socket.h"

#include "base/ip.h"
#include "fuzz/fuzz.h"

void count_socket(void *ctx, const struct sock *s, uint64_t n)
{
    uint64_t *counted = ctx;

    MUST(n == 1);
    MUST(s->ip_version == 4 || (s->ip_version == 6 && !ip_is_mapped(s->local)));
    for (int i = 4; s->ip_version == 4 && i < 16; i++)
        MUST(!s->local[i] && !s->remote[i]);
    MUST(s->state < STATE_COUNT && s->protocol < PROTOCOL_COUNT);
    ++*counted;
}
