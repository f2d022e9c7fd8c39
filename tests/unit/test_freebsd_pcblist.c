#include <errno.h>
#include <string.h>

#include "freebsd/pcblist_parse.h"
#include "kernel_helper.h"

/* The kernel's structs, as sys/sys/socketvar.h, sys/netinet/in_pcb.h and sys/netinet/tcp_var.h
 * have them in FreeBSD 12; later releases gave names to spare fields. ksize_t and kvaddr_t are
 * 64 bits wide, and aligned so: not by themselves where this is compiled for i386. */
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

/* struct in_conninfo, with struct in_endpoints in it */
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

_Static_assert(sizeof(struct xsocket) == 240 && offsetof(struct xsocket, xso_family) == 100, "struct xsocket");
_Static_assert(sizeof(struct xinpcb) == 400 && offsetof(struct xinpcb, inp_inc.ie_lport) == 254 &&
                   offsetof(struct xinpcb, inp_inc.ie_dependladdr) == 272 && offsetof(struct xinpcb, inp_vflag) == 392,
               "struct xinpcb");
_Static_assert(sizeof(struct xtcpcb) == 744 && offsetof(struct xtcpcb, t_state) == 568, "struct xtcpcb");
_Static_assert(sizeof(struct xinpgen) == 64 && offsetof(struct xinpgen, xig_gen) == 16, "struct xinpgen");

struct tcp_list {
    struct xinpgen head;
    struct xtcpcb row[2];
    struct xinpgen tail;
};

/* A listener of both families, and a half-open connection over IPv4, which has no socket yet. */
static const struct tcp_list tcp_list = {
    .head = {.xig_len = 64, .xig_count = 2, .xig_gen = 77, .xig_sogen = 9},
    .row = {
        {
            .xt_len = 744,
            .xt_inp = {
                .xi_len = 400,
                .xi_socket = {.xso_len = 240, .xso_so = 0x11, .xso_protocol = 6, .xso_family = 28, .so_type = 1, .so_options = 2},
                .inp_inc = {.inc_flags = 1, .ie_lport = {0x1f, 0x90}},
                .inp_gencnt = 5,
                .inp_vflag = 3, /* INP_IPV4 and INP_IPV6 */
                .inp_ip_ttl = 64,
                .inp_ip_p = 6,
            },
            .xt_stack = "freebsd",
            .t_state = 1, /* TCPS_LISTEN */
        },
        {
            .xt_len = 744,
            .xt_inp = {
                .xi_socket = {.xso_len = 240, .xso_protocol = 6, .so_type = 1, .so_state = 4},
                .inp_inc = {.ie_fport = {0xc0, 0x01}, .ie_lport = {0x1f, 0x90}, .ie_dependfaddr = {[12] = 10, 0, 0, 9},
                            .ie_dependladdr = {[12] = 10, 1, 2, 3}},
                .inp_vflag = 1,
            },
            .t_state = 3, /* TCPS_SYN_RECEIVED */
        },
    },
    .tail = {.xig_len = 64, .xig_count = 2, .xig_gen = 77, .xig_sogen = 9},
};

struct got {
    struct sock sock[64];
    unsigned n;
    struct poll_report report;
};

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    struct got *got = ctx;

    assert_int_equal(n, 1);
    assert_true(got->n < COUNT_OF(got->sock));
    got->sock[got->n++] = *s;
}

/* Each time flush against memory that cannot be read. */
static int parse(enum protocol protocol, bool listeners_first, const void *bytes, size_t len, struct got *got)
{
    const struct pcblist list = {protocol, listeners_first, take, got, &got->report};
    int ret;

    memset(got, 0, sizeof *got);
    ret = freebsd_pcblist_parse(flush_copy(bytes, len), len, &list);
    assert_int_equal(got->report.sockets, got->n);
    return ret;
}

static void a_list_is_read_field_by_field(void **state)
{
    struct got got;

    (void)state;
    assert_int_equal(parse(PROTOCOL_TCP, false, &tcp_list, sizeof tcp_list, &got), 0);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.report.partial, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(got.sock[i].protocol, PROTOCOL_TCP);
        assert_int_equal(got.sock[i].known, SOCK_ADDRESS | SOCK_PORT);
        assert_int_equal(got.sock[i].local_port, 8080);
    }
    assert_int_equal(got.sock[0].ip_version, 6); /* a listener for both is one of IPv6, as on Linux */
    assert_int_equal(got.sock[0].state, STATE_LISTEN);
    assert_memory_equal(got.sock[0].local, ((uint8_t[16]){0}), 16);
    assert_int_equal(got.sock[1].ip_version, 4);
    assert_int_equal(got.sock[1].state, STATE_SYN_RECV);
    assert_memory_equal(got.sock[1].local, ((uint8_t[16]){10, 1, 2, 3}), 16);
}

static void a_list_cut_anywhere_is_refused(void **state)
{
    struct got got;

    (void)state;
    for (size_t len = 0; len < sizeof tcp_list; len++)
        assert_int_equal(parse(PROTOCOL_TCP, false, &tcp_list, len, &got), -EBADMSG);
}

static void any_length_of_a_record_is_checked(void **state)
{
    static const size_t records[] = {0, 64, 64 + 744, 64 + 2 * 744};
    uint8_t bytes[sizeof tcp_list];
    struct got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(records); i++)
        for (uint64_t len = UINT64_MAX - 800; len != 2 * sizeof bytes; len++) {
            uint64_t real;
            int ret;

            memcpy(bytes, &tcp_list, sizeof bytes);
            memcpy(&real, bytes + records[i], sizeof real);
            memcpy(bytes + records[i], &len, sizeof len);
            ret = parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got);
            if (len == real)
                assert_int_equal(ret, 0);
            else
                assert_true(ret == -EBADMSG || ret == -EPROTO);
        }
}

static void an_unknown_layout_is_told_from_a_broken_list(void **state)
{
    struct tcp_list list = tcp_list;
    struct got got;

    (void)state;
    list.row[1].xt_len = 736;
    assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), -EPROTO);
    list = tcp_list;
    list.head.xig_len = 32; /* FreeBSD 11 */
    assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), -EPROTO);
    assert_int_equal(parse(PROTOCOL_UDP, false, &tcp_list, sizeof tcp_list, &got), -EPROTO);
}

static void a_list_that_changed_meanwhile_is_partial(void **state)
{
    struct tcp_list list = tcp_list;
    struct got got;

    (void)state;
    list.tail.xig_gen++;
    for (int listeners_first = 0; listeners_first < 2; listeners_first++) {
        assert_int_equal(parse(PROTOCOL_TCP, listeners_first, &list, sizeof list, &got), 0);
        assert_int_equal(got.n, 2);
        assert_int_equal(got.report.partial, 1);
    }
}

static void all_states_of_the_kernel_have_a_place(void **state)
{
    static const enum tcp_state ours[] = {
        STATE_CLOSE, STATE_LISTEN, STATE_SYN_SENT, STATE_SYN_RECV, STATE_ESTABLISHED, STATE_CLOSE_WAIT,
        STATE_FIN_WAIT1, STATE_CLOSING, STATE_LAST_ACK, STATE_FIN_WAIT2, STATE_TIME_WAIT,
    };
    struct tcp_list list = tcp_list;
    struct got got;

    (void)state;
    for (int32_t kernel = -1; kernel < 256; kernel++) {
        list.row[0].t_state = kernel;
        assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), 0);
        assert_int_equal(got.sock[0].state, kernel >= 0 && kernel < (int)COUNT_OF(ours) ? ours[kernel] : STATE_UNKNOWN);
    }
}

static void all_flags_give_a_version(void **state)
{
    struct tcp_list list = tcp_list;
    struct got got;

    (void)state;
    for (unsigned vflag = 0; vflag < 256; vflag++)
        for (int32_t family = 0; family < 32; family++) {
            list.row[0].xt_inp.inp_vflag = (uint8_t)vflag;
            list.row[0].xt_inp.xi_socket.xso_family = family;
            assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), 0);
            assert_int_equal(got.sock[0].ip_version, vflag & 2 || (!(vflag & 1) && family == 28) ? 6 : 4);
        }
}

static void what_is_encoded_is_read_back_listeners_first(void **state)
{
    uint8_t bytes[8 * KERNEL_ROW_MAX];
    const struct sock s[] = {
        sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_TIME_WAIT, 0),
        sock_of(PROTOCOL_TCP, "::1", 443, STATE_LISTEN, 0),
        sock_of(PROTOCOL_UDP, "2001:db8::1", 53, STATE_UNKNOWN, 0),
        sock_of(PROTOCOL_TCP, "2001:db8::1", 65535, STATE_UNKNOWN, 0),
    };
    struct got got;
    size_t len;

    (void)state;
    len = freebsd_encode(PROTOCOL_TCP, s, COUNT_OF(s), bytes);
    assert_int_equal(parse(PROTOCOL_TCP, true, bytes, len, &got), 0);
    assert_int_equal(got.n, 3);
    for (unsigned i = 0; i < got.n; i++) {
        const struct sock *want = &s[(unsigned[]){1, 0, 3}[i]];

        assert_int_equal(got.sock[i].state, want->state);
        assert_int_equal(got.sock[i].ip_version, want->ip_version);
        assert_int_equal(got.sock[i].local_port, want->local_port);
        assert_memory_equal(got.sock[i].local, want->local, 16);
    }
    len = freebsd_encode(PROTOCOL_UDP, s, COUNT_OF(s), bytes);
    assert_int_equal(parse(PROTOCOL_UDP, true, bytes, len, &got), 0);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.sock[0].local_port, 53);
    assert_int_equal(got.sock[0].ip_version, 6);
}

static void any_bytes_are_harmless(void **state)
{
    uint8_t bytes[sizeof tcp_list];
    struct got got;

    (void)state;
    any_seed(7);
    for (int turn = 0; turn < 100000 / ONE_IN; turn++) {
        memcpy(bytes, &tcp_list, sizeof bytes);
        for (uint32_t n = 1 + any(4); n; n--)
            bytes[any(sizeof bytes)] = (uint8_t)any(256);
        parse((enum protocol)any(2), any(2), bytes, any(4) ? sizeof bytes : any(sizeof bytes + 1), &got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_field_by_field),
        cmocka_unit_test(a_list_cut_anywhere_is_refused),
        cmocka_unit_test(any_length_of_a_record_is_checked),
        cmocka_unit_test(an_unknown_layout_is_told_from_a_broken_list),
        cmocka_unit_test(a_list_that_changed_meanwhile_is_partial),
        cmocka_unit_test(all_states_of_the_kernel_have_a_place),
        cmocka_unit_test(all_flags_give_a_version),
        cmocka_unit_test(what_is_encoded_is_read_back_listeners_first),
        cmocka_unit_test(any_bytes_are_harmless),
    };

    return cmocka_run_group_tests_name("freebsd_pcblist", tests, NULL, NULL);
}
