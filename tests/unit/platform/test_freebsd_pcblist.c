#include <errno.h>
#include <string.h>

#include "freebsd/pcblist_parse.h"
#include "unit/platform/bsd_helper.h"
#include "unit/platform/freebsd_kernel.h"

struct tcp_list {
    struct xinpgen head;
    struct xtcpcb row[2];
    struct xinpgen tail;
};

/* A listener of both families, and a half-open IPv4 connection, which has no socket yet. */
static const struct tcp_list tcp_list = {
    .head = {.xig_len = 64, .xig_count = 2, .xig_gen = 77, .xig_sogen = 9},
    .row =
        {
            {
                .xt_len = 744,
                .xt_inp =
                    {
                        .xi_len = 400,
                        .xi_socket = {.xso_len = 240,
                                      .xso_so = 0x11,
                                      .xso_protocol = 6,
                                      .xso_family = 28,
                                      .so_qlen = 3,
                                      .so_incqlen = 1,
                                      .so_qlimit = 128,
                                      .so_type = 1,
                                      .so_options = 2},
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
                .xt_inp =
                    {
                        .xi_socket = {.xso_len = 240, .xso_protocol = 6, .so_type = 1, .so_state = 4},
                        .inp_inc = {.ie_fport = {0xc0, 0x01},
                                    .ie_lport = {0x1f, 0x90},
                                    .ie_dependfaddr = {[12] = 10, 0, 0, 9},
                                    .ie_dependladdr = {[12] = 10, 1, 2, 3}},
                        .inp_vflag = 1,
                    },
                .t_state = 3, /* TCPS_SYN_RECEIVED */
            },
        },
    .tail = {.xig_len = 64, .xig_count = 2, .xig_gen = 77, .xig_sogen = 9},
};

static int parse(enum protocol protocol, bool listeners_first, const void *bytes, size_t len, struct bsd_got *got)
{
    return bsd_parse(freebsd_pcblist_parse, protocol, listeners_first, bytes, len, got);
}

static void a_list_is_read_field_by_field(void **state)
{
    struct bsd_got got;

    (void)state;
    assert_int_equal(parse(PROTOCOL_TCP, false, &tcp_list, sizeof tcp_list, &got), 0);
    assert_int_equal(got.n, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(got.sock[i].protocol, PROTOCOL_TCP);
        assert_int_equal(got.sock[i].known, SOCK_ADDRESS | SOCK_PORT | (i ? SOCK_REMOTE : SOCK_QUEUE | SOCK_LIMIT));
        assert_int_equal(got.sock[i].local_port, 8080);
    }
    assert_int_equal(got.sock[0].ip_version, 6); /* a dual-stack listener counts as IPv6, as on Linux */
    assert_int_equal(got.sock[0].state, STATE_LISTEN);
    assert_memory_equal(got.sock[0].local, ((uint8_t[16]){0}), 16);
    assert_int_equal(got.sock[0].rx_queue, 3);
    assert_int_equal(got.sock[0].tx_queue, 128);
    assert_int_equal(got.sock[1].ip_version, 4);
    assert_int_equal(got.sock[1].state, STATE_SYN_RECV);
    assert_memory_equal(got.sock[1].local, ((uint8_t[16]){10, 1, 2, 3}), 16);
    assert_memory_equal(got.sock[1].remote, ((uint8_t[16]){10, 0, 0, 9}), 16);
    assert_int_equal(got.sock[1].remote_port, 0xc001);
}

static void a_list_cut_anywhere_is_refused(void **state)
{
    struct bsd_got got;

    (void)state;
    for (size_t len = 0; len < sizeof tcp_list; len++)
        assert_int_equal(parse(PROTOCOL_TCP, false, &tcp_list, len, &got), -EBADMSG);
}

static void any_length_of_a_record_is_checked(void **state)
{
    static const size_t records[] = {0, 64, 64 + 744, 64 + 2 * 744};
    uint8_t bytes[sizeof tcp_list];
    struct bsd_got got;

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

static void an_unknown_layout_differs_from_a_broken_list(void **state)
{
    struct tcp_list list = tcp_list;
    struct bsd_got got;

    (void)state;
    list.row[1].xt_len = 736;
    assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), -EPROTO);
    list = tcp_list;
    list.head.xig_len = 32; /* FreeBSD 11 */
    assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), -EPROTO);
    assert_int_equal(parse(PROTOCOL_UDP, false, &tcp_list, sizeof tcp_list, &got), -EPROTO);
}

static void what_has_no_port_yet_is_passed_over(void **state)
{
    struct tcp_list list = tcp_list;
    struct bsd_got got;

    (void)state;
    memset(list.row[1].xt_inp.inp_inc.ie_lport, 0, 2);
    for (int listeners_first = 0; listeners_first < 2; listeners_first++) {
        assert_int_equal(parse(PROTOCOL_TCP, listeners_first, &list, sizeof list, &got), 0);
        assert_int_equal(got.n, 1);
        assert_int_equal(got.sock[0].state, STATE_LISTEN);
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
        list.row[0].t_state = kernel;
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
            list.row[0].xt_inp.inp_vflag = (uint8_t)vflag;
            list.row[0].xt_inp.xi_socket.xso_family = family;
            assert_int_equal(parse(PROTOCOL_TCP, false, &list, sizeof list, &got), 0);
            assert_int_equal(got.sock[0].ip_version, vflag & 2 || (!(vflag & 1) && family == 28) ? 6 : 4);
        }
}

static void what_is_encoded_is_read_back_listeners_first(void **state)
{
    (void)state;
    bsd_reads_back(freebsd_pcblist_parse, freebsd_encode, false);
}

static void any_bytes_are_harmless(void **state)
{
    (void)state;
    bsd_bears_any_bytes(freebsd_pcblist_parse, &tcp_list, sizeof tcp_list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read_field_by_field),
        cmocka_unit_test(a_list_cut_anywhere_is_refused),
        cmocka_unit_test(any_length_of_a_record_is_checked),
        cmocka_unit_test(an_unknown_layout_differs_from_a_broken_list),
        cmocka_unit_test(what_has_no_port_yet_is_passed_over),
        cmocka_unit_test(all_states_of_the_kernel_have_a_place),
        cmocka_unit_test(all_flags_give_a_version),
        cmocka_unit_test(what_is_encoded_is_read_back_listeners_first),
        cmocka_unit_test(any_bytes_are_harmless),
    };

    return cmocka_run_group_tests_name("freebsd_pcblist", tests, NULL, NULL);
}
