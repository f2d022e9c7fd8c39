/* The structs that FreeBSD writes for net.inet.*.pcblist, declared from its public sources: sys/sys/socketvar.h,
 * sys/netinet/in_pcb.h and sys/netinet/tcp_var.h of FreeBSD 12. Later releases named spare fields. ksize_t and
 * kvaddr_t are 64 bits wide and aligned to 8 bytes, which i386 does not do by itself. */
#ifndef FREEBSD_KERNEL_H
#define FREEBSD_KERNEL_H

#include <stddef.h>
#include <stdint.h>

struct xsockbuf {
    uint32_t sb_cc, sb_hiwat, sb_mbcnt, sb_mcnt, sb_ccnt, sb_mbmax;
    int32_t sb_lowat, sb_timeo;
    int16_t sb_flags;
};

struct xsocket {
    uint64_t xso_len, xso_so, so_pcb, so_oobmark;
    int64_t so_spare64[8]; /* FreeBSD 14.2: so_splice_so is the first */
    int32_t xso_protocol, xso_family;
    uint32_t so_qlen, so_incqlen, so_qlimit;
    int32_t so_pgid;
    uint32_t so_uid;
    int32_t so_spare32[8]; /* FreeBSD 15: so_fibnum is the first */
    int16_t so_type, so_options, so_linger, so_state, so_timeo;
    uint16_t so_error;
    struct xsockbuf so_rcv, so_snd;
};

/* struct in_conninfo, which contains struct in_endpoints */
struct in_conninfo {
    uint8_t inc_flags, inc_len;
    uint16_t inc_fibnum;
    uint8_t ie_fport[2], ie_lport[2]; /* network order */
    uint8_t ie_dependfaddr[16], ie_dependladdr[16];
    uint32_t ie6_zoneid;
};

struct xinpcb {
    _Alignas(8) uint64_t xi_len;
    struct xsocket xi_socket;
    struct in_conninfo inp_inc;
    _Alignas(8) uint64_t inp_gencnt, inp_ppcb;
    int64_t inp_spare64[4];
    uint32_t inp_flow, inp_flowid, inp_flowtype;
    int32_t inp_flags, inp_flags2, inp_rss_listen_bucket, in6p_cksum, inp_spare32[4];
    uint16_t in6p_hops;
    uint8_t inp_ip_tos;
    int8_t pad8;
    uint8_t inp_vflag, inp_ip_ttl, inp_ip_p, inp_ip_minttl;
    int8_t inp_spare8[4];
};

struct xtcpcb {
    _Alignas(8) uint64_t xt_len;
    struct xinpcb xt_inp;
    char xt_stack[32], xt_logid[64];
    _Alignas(8) int64_t spare64[8]; /* FreeBSD 13: xt_cc is the first 16 bytes */
    int32_t t_state;
    uint32_t t_flags;
    int32_t t_counters[10]; /* t_sndzerowin to t_logstate */
    int32_t spare32[32];
};

struct xinpgen {
    uint64_t xig_len;
    uint32_t xig_count, xig_spare32;
    uint64_t xig_gen, xig_sogen, xig_spare64[4];
};

_Static_assert(sizeof(struct xsocket) == 240 && offsetof(struct xsocket, xso_family) == 100 &&
                   offsetof(struct xsocket, so_qlen) == 104 && offsetof(struct xsocket, so_qlimit) == 112,
               "struct xsocket");
_Static_assert(sizeof(struct xinpcb) == 400 && offsetof(struct xinpcb, inp_inc.ie_lport) == 254 &&
                   offsetof(struct xinpcb, inp_inc.ie_dependladdr) == 272 && offsetof(struct xinpcb, inp_vflag) == 392,
               "struct xinpcb");
_Static_assert(sizeof(struct xtcpcb) == 744 && offsetof(struct xtcpcb, t_state) == 568, "struct xtcpcb");
_Static_assert(sizeof(struct xinpgen) == 64, "struct xinpgen");

#endif
