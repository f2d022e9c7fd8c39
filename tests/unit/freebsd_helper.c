#include <string.h>

#include "bsd_helper.h"
#include "freebsd_kernel.h"

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

size_t freebsd_encode(enum protocol protocol, const struct sock *s, size_t n, uint8_t *out)
{
    const struct xinpgen generation = {.xig_len = 64, .xig_count = (uint32_t)n, .xig_gen = 77};
    uint8_t *at = put(out, &generation, sizeof generation);

    for (size_t i = 0; i < n; i++) {
        struct xtcpcb row = {.xt_len = 744, .xt_inp.xi_len = 400, .t_state = bsd_tcp_state((enum tcp_state)s[i].state)};
        struct in_conninfo *inc = &row.xt_inp.inp_inc;

        if (s[i].protocol != protocol)
            continue;
        bsd_end(&s[i], &row.xt_inp.inp_vflag, inc->ie_lport, inc->ie_dependladdr);
        at = protocol == PROTOCOL_TCP ? put(at, &row, sizeof row) : put(at, &row.xt_inp, sizeof row.xt_inp);
    }
    return (size_t)(put(at, &generation, sizeof generation) - out);
}
