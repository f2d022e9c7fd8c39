#include <errno.h>
#include <string.h>

#include "darwin/pcblist_parse.h"
#include "kernel_helper.h"

/* The kernel's numbers are in the machine's byte order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST16(x) (x) & 0xff, (x) >> 8 & 0xff
#define HOST32(x) HOST16((x) & 0xffff), HOST16((uint32_t)(x) >> 16)
#define HOST64(x) HOST32(x), HOST32(0)
#else
#define HOST16(x) (x) >> 8 & 0xff, (x) & 0xff
#define HOST32(x) HOST16((uint32_t)(x) >> 16), HOST16((x) & 0xffff)
#define HOST64(x) HOST32(0), HOST32(x)
#endif
#define ZERO12 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define ZERO16 ZERO12, 0, 0, 0, 0
#define ZERO32 ZERO16, ZERO16

/* struct xinpgen, bsd/netinet/in_pcb.h */
#define XINPGEN(count, gen)              \
    HOST32(24),            /* xig_len */ \
    HOST32(count),         /* xig_count */ \
    HOST64(gen),           /* xig_gen */ \
    HOST64(9)              /* xig_sogen */

/* struct xinpcb_n, bsd/netinet/in_pcb.h, between the ports and the flags */
#define INPCB_MIDDLE \
    HOST64(0x22),   /* inp_ppcb */ \
    HOST64(5),      /* inp_gencnt */ \
    HOST32(0x800),  /* inp_flags */ \
    HOST32(0)       /* inp_flow */
#define INPCB_END \
    0, 0, 0, 0,     /* inp_depend4: inp4_ip_tos, padding */ \
    0, 0, 0, 0,     /* inp_depend6: inp6_hlim, padding */ \
    HOST32(0xffffffff), /* inp6_cksum */ \
    HOST16(0), HOST16(0xffff), /* inp6_ifindex, inp6_hops */ \
    HOST32(0xabcd), /* inp_flowhash */ \
    HOST32(0x10)    /* inp_flags2 */

/* struct xsocket_n, bsd/sys/socketvar.h, up to so_uid */
#define XSOCKET(len, family) \
    HOST32(len), HOST32(0x001), /* xso_len, xso_kind: XSO_SOCKET */ \
    HOST64(0x11),           /* xso_so */ \
    HOST16(1), 0, 0,        /* so_type, padding */ \
    HOST32(2),              /* so_options */ \
    HOST16(0), HOST16(0x100), /* so_linger, so_state */ \
    HOST64(0x22),           /* so_pcb */ \
    HOST32(6),              /* xso_protocol */ \
    HOST32(family),         /* xso_family */ \
    HOST16(1), HOST16(2), HOST16(128), HOST16(0), /* so_qlen, so_incqlen, so_qlimit, so_timeo */ \
    HOST16(0), 0, 0,        /* so_error, padding */ \
    HOST32(0),              /* so_pgid */ \
    HOST32(0),              /* so_oobmark */ \
    HOST32(501)             /* so_uid */
#define XSOCKET_NEWER \
    HOST64(7),              /* so_gencnt */ \
    HOST32(0), HOST32(0),   /* so_flags, so_flags1 */ \
    HOST32(1), HOST32(0),   /* so_usecount, so_retaincnt */ \
    HOST32(0)               /* xso_filter_flags */

/* struct xsockbuf_n twice and struct xsockstat_n, bsd/sys/socketvar.h */
#define BUFFERS \
    HOST32(32), HOST32(0x002), HOST32(0), HOST32(131072), HOST32(0), HOST32(1048576), HOST32(1), HOST16(0), HOST16(0), \
    HOST32(32), HOST32(0x004), HOST32(0), HOST32(131072), HOST32(0), HOST32(1048576), HOST32(2048), HOST16(0), HOST16(0), \
    HOST32(136), HOST32(0x008), ZERO32, ZERO32, ZERO32, ZERO32 /* xst_tc_stats[4]: rx, tx; packets, bytes */

/* struct xtcpcb_n, bsd/netinet/tcp_var.h: 204 bytes and 4 of padding */
#define XTCPCB(state) \
    HOST32(204), HOST32(0x020), /* xt_len, xt_kind: XSO_TCPCB */ \
    HOST64(0),            /* t_segq */ \
    HOST32(0),            /* t_dupacks */ \
    HOST32(1), HOST32(2), HOST32(3), HOST32(4), /* t_timer[4] */ \
    HOST32(state),        /* t_state */ \
    ZERO32, ZERO32, ZERO32, ZERO32, ZERO32, /* t_flags to cc_recv … */ \
    0, 0, 0, 0, /* … snd_ssthresh_prev */ \
    0, 0, 0, 0

/* A listener of both families, and a connection over IPv4 that it took. */
static const uint8_t tcp_bytes[] = {
    XINPGEN(2, 77),

    HOST32(104), HOST32(0x010), /* xi_len, xi_kind: XSO_INPCB */
    HOST64(0x33),               /* xi_inpp */
    0, 0,                       /* inp_fport, network order */
    0x1f, 0x90,                 /* inp_lport 8080 */
    INPCB_MIDDLE,
    3, 64, 6, 0,                /* inp_vflag: INP_IPV4 and INP_IPV6; inp_ip_ttl, inp_ip_p, padding */
    ZERO16,                     /* inp_dependfaddr */
    ZERO16,                     /* inp_dependladdr: :: */
    INPCB_END,
    XSOCKET(104, 30),           /* AF_INET6 */
    HOST32(321),                /* so_last_pid */
    HOST32(0),                  /* so_e_pid */
    XSOCKET_NEWER,
    BUFFERS,
    XTCPCB(1),                  /* TCPS_LISTEN */

    HOST32(104), HOST32(0x010),
    HOST64(0x44),
    0xc0, 0x01,
    0x1f, 0x90,
    INPCB_MIDDLE,
    5, 64, 6, 0,                /* INP_IPV4 and INP_V4MAPPEDV6 */
    ZERO12, 10, 0, 0, 9,        /* in_addr_4in6: the address is behind three words */
    ZERO12, 10, 1, 2, 3,
    INPCB_END,
    XSOCKET(76, 30),            /* as macOS 12 has it, and 4 bytes of padding */
    HOST32(0), HOST32(654),     /* only so_e_pid is known */
    0, 0, 0, 0,
    BUFFERS,
    XTCPCB(4),                  /* TCPS_ESTABLISHED */

    XINPGEN(2, 77),
};
#define INPCB 24 /* where the first record of each kind begins */
#define SOCKET (INPCB + 104)
#define STATS (SOCKET + 104 + 64)
#define TCPCB (STATS + 136)
#define SECOND (TCPCB + 208)

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
    ret = darwin_pcblist_parse(flush_copy(bytes, len), len, &list);
    assert_int_equal(got->report.sockets, got->n);
    return ret;
}

static void a_list_is_read_field_by_field(void **state)
{
    struct got got;

    (void)state;
    assert_int_equal(parse(PROTOCOL_TCP, false, tcp_bytes, sizeof tcp_bytes, &got), 0);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.report.partial, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(got.sock[i].protocol, PROTOCOL_TCP);
        assert_int_equal(got.sock[i].known, SOCK_ADDRESS | SOCK_PORT | SOCK_PID);
        assert_int_equal(got.sock[i].local_port, 8080);
    }
    assert_int_equal(got.sock[0].ip_version, 6); /* a listener for both is one of IPv6, as on Linux */
    assert_int_equal(got.sock[0].state, STATE_LISTEN);
    assert_memory_equal(got.sock[0].local, ((uint8_t[16]){0}), 16);
    assert_int_equal(got.sock[0].pid, 321);
    assert_int_equal(got.sock[1].ip_version, 4);
    assert_int_equal(got.sock[1].state, STATE_ESTABLISHED);
    assert_memory_equal(got.sock[1].local, ((uint8_t[16]){10, 1, 2, 3}), 16);
    assert_int_equal(got.sock[1].pid, 654);
}

static void a_list_cut_anywhere_is_refused(void **state)
{
    struct got got;

    (void)state;
    for (size_t len = 0; len < sizeof tcp_bytes; len++)
        assert_int_equal(parse(PROTOCOL_TCP, false, tcp_bytes, len, &got), -EBADMSG);
}

static void without_sockets_there_is_only_the_head(void **state)
{
    static const uint8_t none[] = {XINPGEN(0, 77)}, none_twice[] = {XINPGEN(0, 77), XINPGEN(0, 77)}, lost[] = {XINPGEN(1, 77)};
    struct got got;

    (void)state;
    assert_int_equal(parse(PROTOCOL_UDP, true, none, sizeof none, &got), 0);
    assert_int_equal(parse(PROTOCOL_UDP, true, none_twice, sizeof none_twice, &got), 0);
    assert_int_equal(parse(PROTOCOL_UDP, true, lost, sizeof lost, &got), -EBADMSG);
}

static void any_length_of_a_record_is_checked(void **state)
{
    static const size_t records[] = {0, INPCB, SOCKET, STATS, TCPCB, SECOND};
    uint8_t bytes[sizeof tcp_bytes];
    struct got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(records); i++)
        for (uint32_t len = 0xffffff00; len != 2 * sizeof bytes; len++) {
            uint32_t real;
            int ret;

            memcpy(bytes, tcp_bytes, sizeof bytes);
            memcpy(&real, bytes + records[i], sizeof real);
            memcpy(bytes + records[i], &len, sizeof len);
            ret = parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got);
            if (len == real)
                assert_int_equal(ret, 0);
            else if (records[i] == STATS) /* whatever its length, it ends within the same 8 bytes or all is out of step */
                assert_true(ret == -EBADMSG || ret == -EPROTO || (len + 7) / 8 == (real + 7) / 8 || !ret);
            else
                assert_true(ret == -EBADMSG || ret == -EPROTO);
        }
}

static void an_unknown_layout_is_told_from_a_broken_list(void **state)
{
    static const struct {
        size_t record;
        uint32_t len;
    } row[] = {{0, 32}, {INPCB, 112}, {SOCKET, 112}, {TCPCB, 212}, {INPCB, 100}};
    uint8_t bytes[sizeof tcp_bytes];
    struct got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        memcpy(bytes, tcp_bytes, sizeof bytes);
        memcpy(bytes + row[i].record, &row[i].len, 4);
        assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), -EPROTO);
    }
}

static void a_socket_lacking_a_record_is_refused(void **state)
{
    static const size_t records[] = {SOCKET, TCPCB};
    static const uint32_t other = 0x100, inpcb = 0x010;
    uint8_t bytes[sizeof tcp_bytes];
    struct got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(records); i++) {
        memcpy(bytes, tcp_bytes, sizeof bytes);
        memcpy(bytes + records[i] + 4, &other, 4);
        assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), -EBADMSG);
    }
    memcpy(bytes, tcp_bytes, sizeof bytes);
    memcpy(bytes + INPCB + 4, &other, 4); /* its records belong to nothing */
    assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), -EBADMSG);
    memcpy(bytes, tcp_bytes, sizeof bytes);
    memcpy(bytes + SOCKET + 4, &inpcb, 4); /* and then two begin */
    assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), -EBADMSG);
    assert_int_equal(parse(PROTOCOL_UDP, false, tcp_bytes, sizeof tcp_bytes, &got), -EBADMSG);
}

static void a_list_that_changed_meanwhile_is_partial(void **state)
{
    uint8_t bytes[sizeof tcp_bytes];
    uint64_t gen = 78;
    struct got got;

    (void)state;
    memcpy(bytes, tcp_bytes, sizeof bytes);
    memcpy(bytes + sizeof bytes - 16, &gen, sizeof gen);
    for (int listeners_first = 0; listeners_first < 2; listeners_first++) {
        assert_int_equal(parse(PROTOCOL_TCP, listeners_first, bytes, sizeof bytes, &got), 0);
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
    uint8_t bytes[sizeof tcp_bytes];
    struct got got;

    (void)state;
    for (uint32_t kernel = 0; kernel < 256; kernel++) {
        memcpy(bytes, tcp_bytes, sizeof bytes);
        memcpy(bytes + TCPCB + 36, &kernel, 4);
        assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), 0);
        assert_int_equal(got.sock[0].state, kernel < COUNT_OF(ours) ? ours[kernel] : STATE_UNKNOWN);
    }
    memset(bytes + TCPCB + 36, 0xff, 4);
    assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), 0);
    assert_int_equal(got.sock[0].state, STATE_UNKNOWN);
}

static void all_flags_give_a_version(void **state)
{
    uint8_t bytes[sizeof tcp_bytes];
    struct got got;

    (void)state;
    for (unsigned vflag = 0; vflag < 256; vflag++)
        for (uint32_t family = 0; family < 32; family++) {
            memcpy(bytes, tcp_bytes, sizeof bytes);
            bytes[INPCB + 44] = (uint8_t)vflag;
            memcpy(bytes + SOCKET + 40, &family, 4);
            assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), 0);
            assert_int_equal(got.sock[0].ip_version, vflag & 2 || (!(vflag & 1) && family == 30) ? 6 : 4);
        }
}

static void what_is_encoded_is_read_back_listeners_first(void **state)
{
    uint8_t bytes[8 * KERNEL_ROW_MAX];
    const struct sock s[] = {
        sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_TIME_WAIT, 0),
        sock_of(PROTOCOL_TCP, "::1", 443, STATE_LISTEN, 12),
        sock_of(PROTOCOL_UDP, "2001:db8::1", 53, STATE_UNKNOWN, 13),
        sock_of(PROTOCOL_TCP, "2001:db8::1", 65535, STATE_UNKNOWN, 14),
    };
    struct got got;
    size_t len;

    (void)state;
    len = darwin_encode(PROTOCOL_TCP, s, COUNT_OF(s), bytes);
    assert_int_equal(parse(PROTOCOL_TCP, true, bytes, len, &got), 0);
    assert_int_equal(got.n, 3);
    for (unsigned i = 0; i < got.n; i++) {
        const struct sock *want = &s[(unsigned[]){1, 0, 3}[i]];

        assert_int_equal(got.sock[i].state, want->state);
        assert_int_equal(got.sock[i].ip_version, want->ip_version);
        assert_int_equal(got.sock[i].local_port, want->local_port);
        assert_int_equal(got.sock[i].pid, want->pid);
        assert_memory_equal(got.sock[i].local, want->local, 16);
    }
    len = darwin_encode(PROTOCOL_UDP, s, COUNT_OF(s), bytes);
    assert_int_equal(parse(PROTOCOL_UDP, true, bytes, len, &got), 0);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.sock[0].local_port, 53);
    assert_int_equal(got.sock[0].ip_version, 6);
}

static void any_bytes_are_harmless(void **state)
{
    uint8_t bytes[sizeof tcp_bytes];
    struct got got;

    (void)state;
    any_seed(6);
    for (int turn = 0; turn < 100000 / ONE_IN; turn++) {
        memcpy(bytes, tcp_bytes, sizeof bytes);
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
        cmocka_unit_test(without_sockets_there_is_only_the_head),
        cmocka_unit_test(any_length_of_a_record_is_checked),
        cmocka_unit_test(an_unknown_layout_is_told_from_a_broken_list),
        cmocka_unit_test(a_socket_lacking_a_record_is_refused),
        cmocka_unit_test(a_list_that_changed_meanwhile_is_partial),
        cmocka_unit_test(all_states_of_the_kernel_have_a_place),
        cmocka_unit_test(all_flags_give_a_version),
        cmocka_unit_test(what_is_encoded_is_read_back_listeners_first),
        cmocka_unit_test(any_bytes_are_harmless),
    };

    _Static_assert(sizeof tcp_bytes == 24 + 2 * (104 + 64 + 136 + 208) + 104 + 80 + 24, "a field is missing");
    return cmocka_run_group_tests_name("darwin_pcblist", tests, NULL, NULL);
}
