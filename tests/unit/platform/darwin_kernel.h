/* The structs that macOS writes for net.inet.*.pcblist_n, declared from the public sources of XNU:
 * bsd/netinet/in_pcb.h, bsd/sys/socketvar.h and bsd/netinet/tcp_var.h. Apple's public headers lack them. */
#ifndef DARWIN_KERNEL_H
#define DARWIN_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#pragma pack(push, 4)

struct xinpgen {
    uint32_t xig_len, xig_count;
    uint64_t xig_gen, xig_sogen;
};

struct xinpcb_n {
    uint32_t xi_len, xi_kind; /* XSO_INPCB */
    uint64_t xi_inpp;
    uint8_t inp_fport[2], inp_lport[2]; /* network order */
    uint64_t inp_ppcb, inp_gencnt;
    int32_t inp_flags;
    uint32_t inp_flow;
    uint8_t inp_vflag, inp_ip_ttl, inp_ip_p, pad;
    uint8_t inp_dependfaddr[16], inp_dependladdr[16]; /* IPv4: struct in_addr_4in6, three words and the address */
    uint8_t inp4_ip_tos, pad4[3];                     /* inp_depend4 */
    uint8_t inp6_hlim, pad6[3];                       /* inp_depend6 starts here */
    int32_t inp6_cksum;
    uint16_t inp6_ifindex;
    int16_t inp6_hops;
    uint32_t inp_flowhash, inp_flags2;
};

/* Up to xnu-8019, macOS 12. */
struct xsocket_n_of_12 {
    uint32_t xso_len, xso_kind; /* XSO_SOCKET */
    uint64_t xso_so;
    int16_t so_type, pad;
    uint32_t so_options;
    int16_t so_linger, so_state;
    uint64_t so_pcb;
    int32_t xso_protocol, xso_family;
    int16_t so_qlen, so_incqlen, so_qlimit, so_timeo;
    uint16_t so_error, pad2;
    int32_t so_pgid;
    uint32_t so_oobmark, so_uid;
    int32_t so_last_pid, so_e_pid;
};

/* Since xnu-8792, macOS 13. */
struct xsocket_n {
    struct xsocket_n_of_12 old;
    uint64_t so_gencnt;
    uint32_t so_flags, so_flags1;
    int32_t so_usecount, so_retaincnt;
    uint32_t xso_filter_flags;
};

struct xsockbuf_n {
    uint32_t xsb_len, xsb_kind; /* XSO_RCVBUF, XSO_SNDBUF */
    uint32_t sb_cc, sb_hiwat, sb_mbcnt, sb_mbmax;
    int32_t sb_lowat;
    int16_t sb_flags, sb_timeo;
};

struct xsockstat_n {
    uint32_t xst_len, xst_kind; /* XSO_STATS */
    struct {
        uint64_t rxpackets, rxbytes, txpackets, txbytes;
    } xst_tc_stats[4];
};

struct xtcpcb_n {
    uint32_t xt_len, xt_kind; /* XSO_TCPCB */
    uint64_t t_segq;
    int32_t t_dupacks, t_timer[4], t_state;
    uint32_t t_flags;
    int32_t t_force;
    uint32_t snd_una, snd_max, snd_nxt, snd_up, snd_wl1, snd_wl2, iss, irs;
    uint32_t rcv_nxt, rcv_adv, rcv_wnd, rcv_up, snd_wnd, snd_cwnd, snd_ssthresh;
    uint32_t t_maxopd, t_rcvtime, t_starttime;
    int32_t t_rtttime;
    uint32_t t_rtseq;
    int32_t t_rxtcur;
    uint32_t t_maxseg;
    int32_t t_srtt, t_rttvar, t_rxtshift;
    uint32_t t_rttmin, t_rttupdated, max_sndwnd;
    int32_t t_softerror;
    char t_oobflags, t_iobc;
    uint8_t snd_scale, rcv_scale, request_r_scale, requested_s_scale;
    uint8_t pad[2];
    uint32_t ts_recent, ts_recent_age, last_ack_sent, cc_send, cc_recv, snd_recover, snd_cwnd_prev, snd_ssthresh_prev;
};

#pragma pack(pop)

_Static_assert(sizeof(struct xinpgen) == 24 && offsetof(struct xinpgen, xig_count) == 4, "struct xinpgen");
_Static_assert(sizeof(struct xinpcb_n) == 104 && offsetof(struct xinpcb_n, inp_lport) == 18 &&
                   offsetof(struct xinpcb_n, inp_vflag) == 44 && offsetof(struct xinpcb_n, inp_dependladdr) == 64,
               "struct xinpcb_n");
_Static_assert(sizeof(struct xsocket_n_of_12) == 76 && offsetof(struct xsocket_n_of_12, so_state) == 26 &&
                   offsetof(struct xsocket_n_of_12, xso_family) == 40 &&
                   offsetof(struct xsocket_n_of_12, so_qlen) == 44 &&
                   offsetof(struct xsocket_n_of_12, so_qlimit) == 48 &&
                   offsetof(struct xsocket_n_of_12, so_last_pid) == 68 &&
                   offsetof(struct xsocket_n_of_12, so_e_pid) == 72,
               "struct xsocket_n");
_Static_assert(sizeof(struct xsocket_n) == 104 && sizeof(struct xsockbuf_n) == 32 && sizeof(struct xsockstat_n) == 136,
               "bsd/sys/socketvar.h");
_Static_assert(sizeof(struct xtcpcb_n) == 204 && offsetof(struct xtcpcb_n, t_state) == 36, "struct xtcpcb_n");

/* The records of one TCP socket, each padded to 8 bytes. A UDP socket ends at xt. */
struct darwin_row {
    struct xinpcb_n xi;
    struct xsocket_n xso;
    struct xsockbuf_n rcv, snd;
    struct xsockstat_n xst;
    struct xtcpcb_n xt;
    uint8_t pad[4];
};

_Static_assert(sizeof(struct darwin_row) % 8 == 0 && offsetof(struct darwin_row, xt) % 8 == 0, "struct darwin_row");

#endif
