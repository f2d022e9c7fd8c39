#include "unit/platform/bsd_helper.h"
#include "unit/platform/darwin_kernel.h"

size_t darwin_encode(enum protocol protocol, const struct sock *s, size_t n, uint8_t *out)
{
    const struct xinpgen generation = {.xig_len = 24, .xig_count = (uint32_t)n, .xig_gen = 77};
    uint8_t *at = bsd_put(out, &generation, sizeof generation);

    for (size_t i = 0; i < n; i++) {
        struct darwin_row row = {
            .xi = {.xi_len = 104, .xi_kind = 0x010},
            .xso.old = {.xso_len = 104,
                        .xso_kind = 0x001,
                        .so_qlen = (int16_t)(s[i].rx_queue + 2),
                        .so_incqlen = 2,
                        .so_qlimit = (int16_t)s[i].tx_queue,
                        .so_last_pid = (int32_t)s[i].pid},
            .rcv = {.xsb_len = 32, .xsb_kind = 0x002},
            .snd = {.xsb_len = 32, .xsb_kind = 0x004},
            .xst = {.xst_len = 136, .xst_kind = 0x008},
            .xt = {.xt_len = 204, .xt_kind = 0x020, .t_state = bsd_tcp_state((enum tcp_state)s[i].state)},
        };

        if (s[i].protocol != protocol)
            continue;
        bsd_end(&s[i], &row.xi.inp_vflag, row.xi.inp_lport, row.xi.inp_dependladdr);
        bsd_remote_end(&s[i], row.xi.inp_fport, row.xi.inp_dependfaddr);
        at = bsd_put(at, &row, protocol == PROTOCOL_TCP ? sizeof row : offsetof(struct darwin_row, xt));
    }
    return (size_t)(bsd_put(at, &generation, sizeof generation) - out);
}
