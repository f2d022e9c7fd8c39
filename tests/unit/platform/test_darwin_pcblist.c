#include <errno.h>
#include <string.h>

#include "darwin/pcblist_parse.h"
#include "unit/platform/bsd_helper.h"
#include "unit/platform/darwin_kernel.h"

#define BUFFERS                                                                                           \
    .rcv = {.xsb_len = 32, .xsb_kind = 0x002, .sb_hiwat = 131072, .sb_mbmax = 1048576, .sb_lowat = 1},    \
    .snd = {.xsb_len = 32, .xsb_kind = 0x004, .sb_hiwat = 131072, .sb_mbmax = 1048576, .sb_lowat = 2048}, \
    .xst = {.xst_len = 136, .xst_kind = 0x008, .xst_tc_stats[0] = {1, 2, 3, 4}}

/* A listener of both families, and an IPv4 connection that it accepted. */
static const struct tcp_list {
    struct xinpgen head;
    struct darwin_row listener;
    struct {
        struct xinpcb_n xi;
        struct xsocket_n_of_12 xso;
        uint8_t pad_of_xso[4];
        struct xsockbuf_n rcv, snd;
        struct xsockstat_n xst;
        struct xtcpcb_n xt;
        uint8_t pad[4];
    } taken; /* in the format of macOS 12 */
    struct xinpgen tail;
} tcp_list = {
    .head = {.xig_len = 24, .xig_count = 2, .xig_gen = 77, .xig_sogen = 9},
    .listener =
        {
            .xi =
                {
                    .xi_len = 104,
                    .xi_kind = 0x010, /* XSO_INPCB */
                    .xi_inpp = 0x33,
                    .inp_lport = {0x1f, 0x90},
                    .inp_ppcb = 0x22,
                    .inp_gencnt = 5,
                    .inp_flags = 0x800,
                    .inp_vflag = 3, /* INP_IPV4 and INP_IPV6 */
                    .inp_ip_ttl = 64,
                    .inp_ip_p = 6,
                    .inp6_cksum = -1,
                    .inp6_hops = -1,
                },
            .xso.old =
                {
                    .xso_len = 104,
                    .xso_kind = 0x001, /* XSO_SOCKET */
                    .xso_so = 0x11,
                    .so_type = 1,
                    .so_options = 2,
                    .so_state = 0x100,
                    .xso_protocol = 6,
                    .xso_family = 30, /* AF_INET6 */
                    .so_qlen = 4,
                    .so_incqlen = 3,
                    .so_qlimit = 128,
                    .so_uid = 501,
                    .so_last_pid = 321,
                },
            .xso.so_gencnt = 7,
            BUFFERS,
            .xt = {.xt_len = 204, .xt_kind = 0x020, .t_timer = {1, 2, 3, 4}, .t_state = 1 /* TCPS_LISTEN */},
        },
    .taken =
        {
            .xi =
                {
                    .xi_len = 104,
                    .xi_kind = 0x010,
                    .inp_fport = {0xc0, 0x01},
                    .inp_lport = {0x1f, 0x90},
                    .inp_vflag = 5, /* INP_IPV4 and INP_V4MAPPEDV6 */
                    .inp_dependfaddr = {[12] = 10, 0, 0, 9},
                    .inp_dependladdr = {[12] = 10, 1, 2, 3},
                },
            .xso = {.xso_len = 76,
                    .xso_kind = 0x001,
                    .so_state = 0x102,
                    .xso_family = 30,
                    .so_e_pid = 654}, /* only so_e_pid is set */
            BUFFERS,
            .xt = {.xt_len = 204, .xt_kind = 0x020, .t_state = 4 /* TCPS_ESTABLISHED */},
        },
    .tail = {.xig_len = 24, .xig_count = 2, .xig_gen = 77, .xig_sogen = 9},
};

_Static_assert(sizeof(struct tcp_list) == 24 + 2 * (104 + 64 + 136 + 208) + 104 + 80 + 24,
               "padding that the kernel has not");

/* The offset of a record. */
#define AT(record) offsetof(struct tcp_list, record)

static int parse(enum protocol protocol, bool listeners_first, const void *bytes, size_t len, struct bsd_got *got)
{
    return bsd_parse(darwin_pcblist_parse, protocol, listeners_first, bytes, len, got);
}

static void a_list_is_read_field_by_field(void **state)
{
    struct bsd_got got;

    (void)state;
    assert_int_equal(parse(PROTOCOL_TCP, false, &tcp_list, sizeof tcp_list, &got), 0);
    assert_int_equal(got.n, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(got.sock[i].protocol, PROTOCOL_TCP);
        assert_int_equal(got.sock[i].known,
                         SOCK_ADDRESS | SOCK_PORT | SOCK_PID | (i ? SOCK_REMOTE : SOCK_QUEUE | SOCK_LIMIT));
        assert_int_equal(got.sock[i].local_port, 8080);
    }
    assert_int_equal(got.sock[0].ip_version, 6); /* a dual-stack listener counts as IPv6, as on Linux */
    assert_int_equal(got.sock[0].state, STATE_LISTEN);
    assert_memory_equal(got.sock[0].local, ((uint8_t[16]){0}), 16);
    assert_int_equal(got.sock[0].pid, 321);
    assert_int_equal(got.sock[0].rx_queue, 1); /* without the half-open ones */
    assert_int_equal(got.sock[0].tx_queue, 128);
    assert_int_equal(got.sock[1].ip_version, 4);
    assert_int_equal(got.sock[1].state, STATE_ESTABLISHED);
    assert_memory_equal(got.sock[1].local, ((uint8_t[16]){10, 1, 2, 3}), 16);
    assert_memory_equal(got.sock[1].remote, ((uint8_t[16]){10, 0, 0, 9}), 16);
    assert_int_equal(got.sock[1].remote_port, 0xc001);
    assert_int_equal(got.sock[1].pid, 654);
}

static void a_list_cut_anywhere_is_refused(void **state)
{
    struct bsd_got got;

    (void)state;
    for (size_t len = 0; len < sizeof tcp_list; len++)
        assert_int_equal(parse(PROTOCOL_TCP, false, &tcp_list, len, &got), -EBADMSG);
}

static void without_sockets_there_is_only_the_head(void **state)
{
    static const struct xinpgen none[] = {{.xig_len = 24, .xig_gen = 77}, {.xig_len = 24, .xig_gen = 77}},
                                lost = {.xig_len = 24, .xig_count = 1};
    struct bsd_got got;

    (void)state;
    assert_int_equal(parse(PROTOCOL_UDP, true, none, sizeof none[0], &got), 0);
    assert_int_equal(parse(PROTOCOL_UDP, true, none, sizeof none, &got), 0);
    assert_int_equal(parse(PROTOCOL_UDP, true, &lost, sizeof lost, &got), -EBADMSG);
}

static void any_length_of_a_record_is_checked(void **state)
{
    static const size_t records[] = {0,        AT(listener.xi), AT(listener.xso), AT(listener.xst), AT(listener.xt),
                                     AT(taken)};
    uint8_t bytes[sizeof tcp_list];
    struct bsd_got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(records); i++)
        for (uint32_t len = 0xffffff00; len != 2 * sizeof bytes; len++) {
            uint32_t real;
            int ret;

            memcpy(bytes, &tcp_list, sizeof bytes);
            memcpy(&real, bytes + records[i], sizeof real);
            memcpy(bytes + records[i], &len, sizeof len);
            ret = parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got);
            if (len == real)
                assert_int_equal(ret, 0);
            else if (records[i] ==
                     AT(listener.xst)) /* it must end within the same 8 bytes, or all that follows is misread */
                assert_true(ret == -EBADMSG || ret == -EPROTO || (len + 7) / 8 == (real + 7) / 8 || !ret);
            else
                assert_true(ret == -EBADMSG || ret == -EPROTO);
        }
}

static void an_unknown_layout_differs_from_a_broken_list(void **state)
{
    static const struct {
        size_t record;
        uint32_t len;
    } row[] = {
        {0, 32},
        {AT(listener.xi), 112},
        {AT(listener.xi), 100},
        {AT(listener.xso), 112},
        {AT(listener.xso), 68},
        {AT(listener.xt), 212},
    };
    uint8_t bytes[sizeof tcp_list];
    struct bsd_got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        memcpy(bytes, &tcp_list, sizeof bytes);
        memcpy(bytes + row[i].record, &row[i].len, 4);
        assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), -EPROTO);
    }
}

static void a_socket_lacking_a_record_is_refused(void **state)
{
    static const size_t records[] = {AT(listener.xso), AT(listener.xt)};
    static const uint32_t other = 0x100, inpcb = 0x010;
    uint8_t bytes[sizeof tcp_list];
    struct bsd_got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(records); i++) {
        memcpy(bytes, &tcp_list, sizeof bytes);
        memcpy(bytes + records[i] + 4, &other, 4);
        assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), -EBADMSG);
    }
    memcpy(bytes, &tcp_list, sizeof bytes);
    memcpy(bytes + AT(listener.xi) + 4, &other, 4); /* the listener's records belong to no socket then */
    assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), -EBADMSG);
    memcpy(bytes, &tcp_list, sizeof bytes);
    memcpy(bytes + AT(listener.xso) + 4, &inpcb, 4); /* and then two sockets begin */
    assert_int_equal(parse(PROTOCOL_TCP, false, bytes, sizeof bytes, &got), -EBADMSG);
    assert_int_equal(parse(PROTOCOL_UDP, false, &tcp_list, sizeof tcp_list, &got), -EBADMSG);
}

static void what_has_no_port_yet_is_passed_over(void **state)
{
    struct tcp_list list = tcp_list;
    struct bsd_got got;

    (void)state;
    memset(list.taken.xi.inp_lport, 0, 2);
    for (int listeners_first = 0; listeners_first < 2; listeners_first++) {
        assert_int_equal(parse(PROTOCOL_TCP, listeners_first, &list, sizeof list, &got), 0);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.sock[0].state, STATE_LISTEN);
    }
}

static void what_no_process_holds_any_more_has_no_owner(void **state)
{
    struct tcp_list list = tcp_list;
    struct bsd_got got;

    (void)state;
    list.listener.xso.old.so_state |= 1; /* SS_NOFDREF */
    list.taken.xso.so_state |= 1;
    assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), 0);
    assert_int_equal(got.n, 2);
    for (unsigned i = 0; i < got.n; i++)
        assert_int_equal(got.sock[i].pid, 0);
}

/* so_qlen and so_qlimit are unsigned, whatever their type says. */
static void any_queue_is_counted(void **state)
{
    static const struct {
        const char *what;
        int16_t qlen, incqlen, qlimit;
        uint32_t queue, limit;
    } row[] = {
        {"empty", 0, 0, 0, 0, 0},
        {"only half-open ones", 5, 5, 5, 0, 5},
        {"more than all", 1, 2, 5, 0, 5},
        {"the most", -1, 0, -1, 65535, 65535},
    };
    struct tcp_list list = tcp_list;
    struct bsd_got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        list.listener.xso.old.so_qlen = row[i].qlen;
        list.listener.xso.old.so_incqlen = row[i].incqlen;
        list.listener.xso.old.so_qlimit = row[i].qlimit;
        assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), 0);
        assert_row(got.sock[0].rx_queue == row[i].queue && got.sock[0].tx_queue == row[i].limit, row[i].what);
    }
}

static void an_address_of_one_link_has_no_zone(void **state)
{
    static const struct {
        uint8_t head[2];
        bool zone;
    } row[] = {{{0xfe, 0x80}, true}, {{0xfe, 0xbf}, true},  {{0xfe, 0xc0}, false}, {{0xff, 0x02}, true},
               {{0xff, 0x11}, true}, {{0xff, 0x05}, false}, {{0x20, 0x01}, false}};
    struct tcp_list list = tcp_list;
    struct bsd_got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        uint8_t address[16] = {row[i].head[0], row[i].head[1], 0, 4, [15] = 1};

        memcpy(list.listener.xi.inp_dependladdr, address, 16);
        assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), 0);
        if (row[i].zone)
            address[3] = 0;
        assert_memory_equal(got.sock[0].local, address, 16);
    }
}

static void all_states_of_the_kernel_have_a_place(void **state)
{
    static const enum tcp_state ours[] = {
        STATE_CLOSE,     STATE_LISTEN,  STATE_SYN_SENT, STATE_SYN_RECV,  STATE_ESTABLISHED, STATE_CLOSE_WAIT,
        STATE_FIN_WAIT1, STATE_CLOSING, STATE_LAST_ACK, STATE_FIN_WAIT2, STATE_TIME_WAIT,
    };
    struct tcp_list list = tcp_list;
    struct bsd_got got;

    (void)state;
    for (int32_t kernel = -1; kernel < 256; kernel++) {
        list.listener.xt.t_state = kernel;
        assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), 0);
        assert_int_equal(got.sock[0].state, kernel >= 0 && kernel < (int)COUNT_OF(ours) ? ours[kernel] : STATE_UNKNOWN);
    }
}

static void all_flags_give_a_version(void **state)
{
    struct tcp_list list = tcp_list;
    struct bsd_got got;

    (void)state;
    for (unsigned vflag = 0; vflag < 256; vflag++)
        for (int32_t family = 0; family < 32; family++) {
            list.listener.xi.inp_vflag = (uint8_t)vflag;
            list.listener.xso.old.xso_family = family;
            assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), 0);
            assert_int_equal(got.sock[0].ip_version, vflag & 2 || (!(vflag & 1) && family == 30) ? 6 : 4);
        }
}

static void what_is_encoded_is_read_back_listeners_first(void **state)
{
    (void)state;
    bsd_reads_back(darwin_pcblist_parse, darwin_encode, true);
}

static void any_bytes_are_harmless(void **state)
{
    (void)state;
    bsd_bears_any_bytes(darwin_pcblist_parse, &tcp_list, sizeof tcp_list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_field_by_field),
        cmocka_unit_test(a_list_cut_anywhere_is_refused),
        cmocka_unit_test(without_sockets_there_is_only_the_head),
        cmocka_unit_test(any_length_of_a_record_is_checked),
        cmocka_unit_test(an_unknown_layout_differs_from_a_broken_list),
        cmocka_unit_test(a_socket_lacking_a_record_is_refused),
        cmocka_unit_test(what_has_no_port_yet_is_passed_over),
        cmocka_unit_test(what_no_process_holds_any_more_has_no_owner),
        cmocka_unit_test(any_queue_is_counted),
        cmocka_unit_test(an_address_of_one_link_has_no_zone),
        cmocka_unit_test(all_states_of_the_kernel_have_a_place),
        cmocka_unit_test(all_flags_give_a_version),
        cmocka_unit_test(what_is_encoded_is_read_back_listeners_first),
        cmocka_unit_test(any_bytes_are_harmless),
    };

    return cmocka_run_group_tests_name("darwin_pcblist", tests, NULL, NULL);
}
