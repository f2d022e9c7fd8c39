#include "unit/platform/bsd_helper.h"
#include "unit/platform/freebsd_kernel.h"

size_t freebsd_encode(enum protocol protocol, const struct sock *s, size_t n, uint8_t *out)
{
    const struct xinpgen generation = {.xig_len = 64, .xig_count = (uint32_t)n, .xig_gen = 77};
    uint8_t *at = bsd_put(out, &generation, sizeof generation);

    for (size_t i = 0; i < n; i++) {
        struct xtcpcb row = {.xt_len = 744, .xt_inp.xi_len = 400, .t_state = bsd_tcp_state((enum tcp_state)s[i].state)};
        struct in_conninfo *inc = &row.xt_inp.inp_inc;

        if (s[i].protocol != protocol)
            continue;
        row.xt_inp.xi_socket.so_qlen = s[i].rx_queue;
        row.xt_inp.xi_socket.so_incqlen = 2;
        row.xt_inp.xi_socket.so_qlimit = s[i].tx_queue;
        bsd_end(&s[i], &row.xt_inp.inp_vflag, inc->ie_lport, inc->ie_dependladdr);
        bsd_remote_end(&s[i], inc->ie_fport, inc->ie_dependfaddr);
        at = protocol == PROTOCOL_TCP ? bsd_put(at, &row, sizeof row) : bsd_put(at, &row.xt_inp, sizeof row.xt_inp);
    }
    return (size_t)(bsd_put(at, &generation, sizeof generation) - out);
}
