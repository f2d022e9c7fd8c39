#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <string.h>

#include "netlink_parse.h"
#include "unit/helper.h"

/* Netlink's header is in the machine's byte order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST16(x) (x) & 0xff, (x) >> 8 & 0xff
#define HOST32(x) HOST16((x) & 0xffff), HOST16((uint32_t)(x) >> 16)
#else
#define HOST16(x) (x) >> 8 & 0xff, (x) & 0xff
#define HOST32(x) HOST16((uint32_t)(x) >> 16), HOST16((x) & 0xffff)
#endif

#define SEQ 7
#define HEADER(len, type, flags, seq) \
    HOST32(len), HOST16(type), HOST16(flags), HOST32(seq), HOST32(0) /* port: kernel */
#define ZERO12     0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define DONE(code) HEADER(20, NLMSG_DONE, NLM_F_MULTI, SEQ), HOST32(code)

/* struct inet_diag_msg from idiag_dst on, and one attribute. */
#define ROW_REST(inode)                                                   \
    0x0a, 0, 0, 9, ZERO12,               /* idiag_dst */                  \
        HOST32(2),                       /* idiag_if */                   \
        HOST32(0x11), HOST32(0x22),      /* idiag_cookie */               \
        HOST32(5000),                    /* idiag_expires, ms */          \
        HOST32(100), HOST32(200),        /* idiag_rqueue, idiag_wqueue */ \
        HOST32(1000),                    /* idiag_uid */                  \
        HOST32(inode),                   /* idiag_inode */                \
        HOST16(5), HOST16(8), 3, 0, 0, 0 /* nlattr INET_DIAG_SHUTDOWN, its 3 bytes of padding */

/* A dump of three rows: IPv4, IPv6, v4-mapped. */
/* clang-format off */
static const uint8_t dump_bytes[] = {
    HEADER(96, 20, NLM_F_MULTI, SEQ), /* SOCK_DIAG_BY_FAMILY: 16 + 72 + 8 bytes */
    2, 1, 0, 0,                       /* AF_INET, ESTABLISHED, no timer, no retransmits */
    0x1f, 0x90, 0xc0, 0x01,           /* idiag_sport 8080, idiag_dport, network order */
    192, 168, 1, 10, ZERO12,          /* idiag_src */
    ROW_REST(4242),

    HEADER(96, 18, NLM_F_MULTI, SEQ), /* TCPDIAG_GETSOCK, the legacy request's answer */
    10, 10, 0, 0,                     /* AF_INET6, LISTEN */
    0x00, 0x50, 0, 0,
    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    ROW_REST(0xfffffffe),

    HEADER(96, 20, NLM_F_MULTI, SEQ),
    10, 3, 0, 0,                      /* AF_INET6, SYN_RECV: a request socket */
    0xff, 0xff, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3,
    ROW_REST(0),

    DONE(0),
};
/* clang-format on */
#define ROW    96
#define N_ROWS 3

struct got {
    struct sock sock[600];
    unsigned n;
    struct poll_report report;
    struct tcp_rows rows;
};

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    struct got *got = ctx;

    assert_int_equal(n, 1);
    assert_true(got->n < COUNT_OF(got->sock));
    got->sock[got->n++] = *s;
}

/* Parses the bytes, which end at memory that cannot be read. */
static int parse(const void *bytes, size_t len, struct got *got)
{
    struct netlink_dump dump = {.seq = SEQ, .protocol = PROTOCOL_TCP, .emit = take, .ctx = got, .report = &got->report};
    int ret;

    memset(got, 0, sizeof *got);
    ret = netlink_parse(flush_copy(bytes, len), len, &dump);
    got->rows = dump.rows;
    return ret;
}

static void a_cookie_names_a_socket_in_close_wait(void **state)
{
    uint8_t bytes[sizeof dump_bytes];
    struct got got;

    (void)state;
    memcpy(bytes, dump_bytes, sizeof bytes);
    bytes[17] = 8; /* the first row's state: CLOSE_WAIT */
    assert_int_equal(parse(bytes, sizeof bytes, &got), NETLINK_DONE);
    assert_true(got.sock[0].state == STATE_CLOSE_WAIT && got.sock[0].cookie == 0x2200000011);
    assert_true(!got.sock[1].cookie && !got.sock[2].cookie);
}

/* One row of UDP, with an attribute of len bytes; what a socket lost is its last number. */
static int parse_udp_drops(uint16_t type, size_t len, uint32_t last, bool wanted, struct got *got)
{
    uint8_t bytes[200] = {0};
    struct nlattr a = {.nla_len = (uint16_t)(sizeof a + len), .nla_type = type};
    const struct nlmsghdr row = {
        .nlmsg_len = (uint32_t)(88 + NLMSG_ALIGN(a.nla_len)), .nlmsg_type = 20, .nlmsg_seq = SEQ};
    const struct nlmsghdr done = {.nlmsg_len = 20, .nlmsg_type = NLMSG_DONE, .nlmsg_seq = SEQ};
    struct netlink_dump dump = {.seq = SEQ, .protocol = PROTOCOL_UDP, .emit = take, .ctx = got, .report = &got->report};

    memcpy(bytes, dump_bytes, 88);
    memcpy(bytes, &row, sizeof row);
    memcpy(bytes + 88, &a, sizeof a);
    memcpy(bytes + 88 + a.nla_len - sizeof last, &last, sizeof last);
    memcpy(bytes + row.nlmsg_len, &done, sizeof done);
    memset(got, 0, sizeof *got);
    got->report.drops = wanted;
    return netlink_parse(flush_copy(bytes, row.nlmsg_len + 20), row.nlmsg_len + 20, &dump);
}

static int parse_udp(uint16_t type, size_t len, uint32_t last, struct got *got)
{
    return parse_udp_drops(type, len, last, true, got);
}

static void a_udp_socket_has_what_it_lost(void **state)
{
    struct got got;

    (void)state;
    assert_int_equal(parse_udp(INET_DIAG_SKMEMINFO, 36, 4000000000u, &got), NETLINK_DONE);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.sock[0].known, SOCK_ADDRESS | SOCK_PORT | SOCK_OWNER | SOCK_REMOTE | SOCK_QUEUE | SOCK_DROPS);
    assert_true(got.sock[0].drops == 4000000000u && got.sock[0].cookie == 0x2200000011 && got.report.drops);
    assert_true(got.sock[0].rx_queue == 100);
    assert_int_equal(parse_udp(INET_DIAG_SKMEMINFO, 32, 7, &got), NETLINK_DONE); /* as before Linux 4.12 */
    assert_true(got.n == 1 && !(got.sock[0].known & SOCK_DROPS) && !got.report.drops);
    assert_int_equal(parse_udp_drops(INET_DIAG_SKMEMINFO, 36, 7, false, &got), NETLINK_DONE); /* a recording's */
    assert_true(got.n == 1 && !(got.sock[0].known & SOCK_DROPS) && !got.report.drops);
    assert_int_equal(parse_udp(INET_DIAG_SHUTDOWN, 36, 7, &got), NETLINK_DONE);
    assert_true(got.n == 1 && !(got.sock[0].known & SOCK_DROPS) && !got.report.drops);
}

static void a_dump_is_read_field_by_field(void **state)
{
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    struct got got;

    (void)state;
    assert_int_equal(parse(dump_bytes, sizeof dump_bytes, &got), NETLINK_DONE);
    assert_int_equal(got.n, N_ROWS);
    assert_int_equal(got.report.partial, 0);
    for (int i = 0; i < N_ROWS; i++) {
        assert_int_equal(got.sock[i].protocol, PROTOCOL_TCP);
        assert_int_equal(got.sock[i].known, SOCK_ADDRESS | SOCK_PORT | SOCK_OWNER | SOCK_QUEUE |
                                                (i == 0   ? SOCK_REMOTE
                                                 : i == 1 ? SOCK_LIMIT
                                                          : 0));
        assert_int_equal(got.sock[i].rx_queue, 100);                /* bytes, but of a listener connections */
        assert_int_equal(got.sock[i].tx_queue, i == 2 ? 199 : 200); /* without the SYN */
    }
    assert_int_equal(got.sock[0].ip_version, 4);
    assert_int_equal(got.sock[0].state, STATE_ESTABLISHED);
    assert_int_equal(got.sock[0].local_port, 8080);
    assert_memory_equal(got.sock[0].local, ((uint8_t[16]){192, 168, 1, 10}), 16);
    assert_int_equal(got.sock[0].remote_port, 0xc001);
    assert_memory_equal(got.sock[0].remote, ((uint8_t[16]){10, 0, 0, 9}), 16);
    assert_int_equal(got.sock[0].inode, 4242);

    assert_int_equal(got.sock[1].ip_version, 6);
    assert_int_equal(got.sock[1].state, STATE_LISTEN);
    assert_int_equal(got.sock[1].local_port, 80);
    assert_memory_equal(got.sock[1].local, v6, 16);
    assert_int_equal(got.sock[1].inode, 0xfffffffe);

    assert_int_equal(got.sock[2].ip_version, 4); /* v4-mapped is IPv4 on the wire */
    assert_int_equal(got.sock[2].state, STATE_SYN_RECV);
    assert_int_equal(got.sock[2].local_port, 65535);
    assert_memory_equal(got.sock[2].local, ((uint8_t[16]){10, 1, 2, 3}), 16);
    assert_int_equal(got.sock[2].inode, 0);
}

static void a_dump_cut_anywhere_is_no_answer_but_between_messages(void **state)
{
    struct got got;

    (void)state;
    for (size_t len = 0; len < sizeof dump_bytes; len++) {
        int ret = parse(dump_bytes, len, &got);

        assert_int_equal(ret, len % ROW ? -EBADMSG : NETLINK_MORE);
        assert_int_equal(got.n, len / ROW);
    }
}

static void any_length_in_a_header_is_checked(void **state)
{
    uint8_t bytes[sizeof dump_bytes];
    struct got got;

    (void)state;
    for (uint32_t len = 0; len < 2 * sizeof bytes; len++) {
        memcpy(bytes, dump_bytes, sizeof bytes);
        memcpy(bytes, &len, sizeof len);
        parse(bytes, sizeof bytes, &got); /* the sanitizers and the unreadable page check the reads */
        if (len < 16 || len > sizeof bytes)
            assert_int_equal(parse(bytes, sizeof bytes, &got), -EBADMSG);
    }
    for (uint32_t len = 0xffffff00; len; len++) {
        memcpy(bytes, &len, sizeof len);
        assert_int_equal(parse(bytes, sizeof bytes, &got), -EBADMSG);
    }
}

static void a_row_too_short_is_refused(void **state)
{
    struct got got;

    (void)state;
    for (uint32_t len = 16; len <= 16 + 72; len++) {
        uint8_t bytes[16 + 72];

        memcpy(bytes, dump_bytes, sizeof bytes);
        memcpy(bytes, &len, sizeof len);
        assert_int_equal(parse(bytes, len, &got), len < sizeof bytes ? -EBADMSG : NETLINK_MORE);
        assert_int_equal(got.n, len == sizeof bytes);
    }
}

struct end {
    const char *what;
    uint8_t bytes[40];
    size_t len;
    int ret;
};

static void a_dump_ends_well_only_with_done_and_zero(void **state)
{
    static const struct end row[] = {
        {"done", {DONE(0)}, 20, NETLINK_DONE},
        {"no tcp_diag: DONE with -ENOENT in its payload", {DONE(-ENOENT)}, 20, -ENOENT},
        {"no memory while dumping", {DONE(-ENOMEM)}, 20, -ENOMEM},
        {"done with a positive code", {DONE(1)}, 20, -EBADMSG},
        {"done with no error number", {DONE(-4096)}, 20, -EBADMSG},
        {"done without payload", {HEADER(16, NLMSG_DONE, NLM_F_MULTI, SEQ)}, 16, -EBADMSG},
        {"done with three bytes", {HEADER(19, NLMSG_DONE, NLM_F_MULTI, SEQ), 0, 0, 0}, 19, -EBADMSG},
        {"no inet_diag",
         {HEADER(36, NLMSG_ERROR, 0, SEQ), HOST32(-EOPNOTSUPP), HEADER(72, 18, 0x301, SEQ)},
         36,
         -EOPNOTSUPP},
        {"not permitted", {HEADER(36, NLMSG_ERROR, 0, SEQ), HOST32(-EPERM), HEADER(72, 18, 0x301, SEQ)}, 36, -EPERM},
        {"an acknowledgement nobody asked for",
         {HEADER(36, NLMSG_ERROR, 0, SEQ), HOST32(0), HEADER(72, 18, 0x301, SEQ)},
         36,
         -EBADMSG},
        {"a positive error", {HEADER(36, NLMSG_ERROR, 0, SEQ), HOST32(2), HEADER(72, 18, 0x301, SEQ)}, 36, -EBADMSG},
        {"an error without code", {HEADER(16, NLMSG_ERROR, 0, SEQ)}, 16, -EBADMSG},
        {"an empty message", {HEADER(16, NLMSG_NOOP, 0, SEQ)}, 16, NETLINK_MORE},
        {"done of another request", {HEADER(20, NLMSG_DONE, NLM_F_MULTI, SEQ - 1), HOST32(0)}, 20, NETLINK_MORE},
        {"error of another request", {HEADER(20, NLMSG_ERROR, 0, SEQ + 1), HOST32(-EPERM)}, 20, NETLINK_MORE},
    };
    struct got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        uint8_t after[ROW + 40];

        assert_row(parse(row[i].bytes, row[i].len, &got) == row[i].ret, row[i].what);
        memcpy(after, dump_bytes, ROW);
        memcpy(after + ROW, row[i].bytes, row[i].len);
        assert_row(parse(after, ROW + row[i].len, &got) == row[i].ret, row[i].what);
        assert_int_equal(got.n, 1);
    }
}

static void an_interrupted_dump_is_counted_and_read(void **state)
{
    uint8_t bytes[sizeof dump_bytes];
    uint16_t flags = NLM_F_MULTI | NLM_F_DUMP_INTR;
    struct got got;

    (void)state;
    for (size_t message = 0; message <= N_ROWS; message++) {
        memcpy(bytes, dump_bytes, sizeof bytes);
        memcpy(bytes + message * ROW + 6, &flags, sizeof flags);
        assert_int_equal(parse(bytes, sizeof bytes, &got), NETLINK_DONE);
        assert_int_equal(got.n, N_ROWS);
        assert_true(got.report.partial > 0);
    }
}

static void rows_of_another_request_are_passed_over(void **state)
{
    uint8_t bytes[sizeof dump_bytes];
    uint32_t seq = SEQ - 1;
    struct got got;

    (void)state;
    memcpy(bytes, dump_bytes, sizeof bytes);
    memcpy(bytes + ROW + 8, &seq, sizeof seq);
    assert_int_equal(parse(bytes, sizeof bytes, &got), NETLINK_DONE);
    assert_int_equal(got.n, N_ROWS - 1);
    assert_int_equal(got.sock[1].state, STATE_SYN_RECV);
}

static void all_states_of_the_kernel_have_a_place(void **state)
{
    static const enum tcp_state ours[] = {
        STATE_UNKNOWN,   STATE_ESTABLISHED, STATE_SYN_SENT, STATE_SYN_RECV,   STATE_FIN_WAIT1,
        STATE_FIN_WAIT2, STATE_TIME_WAIT,   STATE_CLOSE,    STATE_CLOSE_WAIT, STATE_LAST_ACK,
        STATE_LISTEN,    STATE_CLOSING,     STATE_SYN_RECV,
    };
    uint8_t bytes[ROW];
    struct got got;

    (void)state;
    for (unsigned kernel = 0; kernel < 256; kernel++) {
        memcpy(bytes, dump_bytes, sizeof bytes);
        bytes[17] = (uint8_t)kernel;
        assert_int_equal(parse(bytes, sizeof bytes, &got), NETLINK_MORE);
        assert_int_equal(got.sock[0].state, kernel < COUNT_OF(ours) ? ours[kernel] : STATE_UNKNOWN);
    }
}

static void a_row_of_another_family_is_refused(void **state)
{
    uint8_t bytes[ROW];
    struct got got;

    (void)state;
    for (unsigned family = 0; family < 256; family++) {
        memcpy(bytes, dump_bytes, sizeof bytes);
        bytes[16] = (uint8_t)family;
        assert_int_equal(parse(bytes, sizeof bytes, &got), family == 2 || family == 10 ? NETLINK_MORE : -EBADMSG);
    }
}

/* A row's state and the attribute INET_DIAG_SHUTDOWN decide which counter has it (tcp_totals.h). */
static void rows_are_counted_by_what_the_kernel_counts_them_in(void **state)
{
    static const struct {
        uint8_t family, kernel_state;
        bool shutdown; /* the attribute is there */
        struct tcp_rows rows;
    } row[] = {
        {2, 1, true, {.established = {1, 0}}},
        {10, 1, true, {.established = {0, 1}}},
        {2, 6, false, {.time_wait = {1, 0}}},
        {10, 6, false, {.time_wait = {0, 1}}},
        {2, 5, true, {.full = 1}},
        {10, 5, true, {.full = 1, .full6 = 1}},
        {10, 5, false, {.fin_wait2 = 1}},
        {2, 3, false, {0}}, /* a request */
        {2, 3, true, {.full = 1}},
        {10, 10, true, {.full = 1, .full6 = 1}},
        {2, 8, true, {.full = 1}},
    };
    struct got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        uint8_t bytes[ROW];

        memcpy(bytes, dump_bytes + (row[i].family == 10) * ROW, ROW);
        bytes[17] = row[i].kernel_state;
        if (!row[i].shutdown)
            bytes[16 + 72 + 2] = INET_DIAG_SHUTDOWN - 1;
        assert_int_equal(parse(bytes, ROW, &got), NETLINK_MORE);
        assert_memory_equal(&got.rows, &row[i].rows, sizeof got.rows);
        for (uint8_t len = 0; len < 8; len++) { /* an attribute that is cut, or says so, is none */
            uint32_t total = 16 + 72 + len;

            memcpy(bytes, &total, sizeof total);
            assert_int_equal(parse(bytes, total, &got), NETLINK_MORE);
            assert_true(len >= 5 || !got.rows.full);
        }
    }
}

/* The first row is ESTABLISHED, from port 8080 to port 0xc001. */
static void sockets_that_a_filter_lists_are_counted_once(void **state)
{
    static struct port_set local, remote;

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct got got = {0};
        struct netlink_dump dump = {.seq = SEQ,
                                    .protocol = PROTOCOL_TCP,
                                    .emit = take,
                                    .ctx = &got,
                                    .report = &got.report,
                                    .wanted = &local,
                                    .wanted_remote = &remote};

        memset(&local, 0, sizeof local);
        memset(&remote, 0, sizeof remote);
        ports_add(&local, i & 1 ? 8080 : 0xc001);
        ports_add(&remote, i & 2 ? 0xc001 : 8080);
        assert_int_equal(netlink_parse(dump_bytes, sizeof dump_bytes, &dump), NETLINK_DONE);
        assert_int_equal(dump.rows.wanted[0], i != 0);
        assert_int_equal(dump.rows.wanted[1], 0);
    }
}

static void any_bytes_are_harmless(void **state)
{
    uint8_t bytes[sizeof dump_bytes];
    struct got got;

    (void)state;
    any_seed(5);
    for (int turn = 0; turn < 100000; turn++) {
        memcpy(bytes, dump_bytes, sizeof bytes);
        for (uint32_t n = 1 + any(4); n; n--)
            bytes[any(sizeof bytes)] = (uint8_t)any(256);
        parse(bytes, any(sizeof bytes + 1), &got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dump_is_read_field_by_field),
        cmocka_unit_test(a_udp_socket_has_what_it_lost),
        cmocka_unit_test(a_cookie_names_a_socket_in_close_wait),
        cmocka_unit_test(a_dump_cut_anywhere_is_no_answer_but_between_messages),
        cmocka_unit_test(any_length_in_a_header_is_checked),
        cmocka_unit_test(a_row_too_short_is_refused),
        cmocka_unit_test(a_dump_ends_well_only_with_done_and_zero),
        cmocka_unit_test(an_interrupted_dump_is_counted_and_read),
        cmocka_unit_test(rows_of_another_request_are_passed_over),
        cmocka_unit_test(all_states_of_the_kernel_have_a_place),
        cmocka_unit_test(a_row_of_another_family_is_refused),
        cmocka_unit_test(rows_are_counted_by_what_the_kernel_counts_them_in),
        cmocka_unit_test(sockets_that_a_filter_lists_are_counted_once),
        cmocka_unit_test(any_bytes_are_harmless),
    };

    return cmocka_run_group_tests_name("netlink_parse", tests, NULL, NULL);
}
