#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "procfs_parse.h"
#include "unit/helper.h"

/* The kernel prints addresses as numbers in the machine's byte order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IP_10_0_0_5  "0500000A"
#define IP_LOOPBACK6 "00000000000000000000000001000000"
#define IP_DOC6      "B80D0120000000000000000001000000" /* 2001:db8::1 */
#define IP_MAPPED    "0000000000000000FFFF00000500000A" /* ::ffff:10.0.0.5 */
#else
#define IP_10_0_0_5  "0A000005"
#define IP_LOOPBACK6 "00000000000000000000000000000001"
#define IP_DOC6      "20010DB8000000000000000000000001"
#define IP_MAPPED    "00000000000000000000FFFF0A000005"
#endif
#define REST " 00000000:00000000 00:00000000 00000000 "

static const char tcp_header[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode        ";
static const char tcp_row[] = "   0: " IP_10_0_0_5 ":1F90 00000000:0000 0A" REST
                              "    0        0 4242 1 0000000000000000 100 0 0 10 0    ";

static int parse(const char *line, size_t len, enum protocol protocol, struct sock *s)
{
    return procfs_parse_row(flush_copy(line, len), len, protocol, s);
}

static void the_first_line_of_each_file_is_known(void **state)
{
    static const char *const good[] = {
        tcp_header,
        "  sl  local_address                         remote_address                        st tx_queue rx_queue tr "
        "tm->when retrnsmt   uid  timeout inode",
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
        "drops             ",
        "  sl  local_address",
    };
    /* clang-format off */
    static const char *const bad[] = {
        "", " ", "  sl", "  sl ", "  sl  local_addres", "  sk  local_address", "  sll  local_address", "  s  local_address",
        "sllocal_address", "  sl  Local_address", tcp_row, "\xff\xff", "Inter-|   Receive",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_row(!procfs_parse_header(flush_copy(good[i], strlen(good[i])), strlen(good[i])), good[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_row(procfs_parse_header(flush_copy(bad[i], strlen(bad[i])), strlen(bad[i])) == -EBADMSG, bad[i]);
    for (size_t len = 0; len <= strlen(tcp_header); len++)
        assert_int_equal(procfs_parse_header(flush_copy(tcp_header, len), len),
                         len < strlen("  sl  local_address") ? -EBADMSG : 0);
}

static void a_row_is_read_column_by_column(void **state)
{
    static const struct {
        const char *line;
        enum protocol protocol;
        const char *address;
        uint16_t port;
        enum tcp_state state;
        uint32_t inode;
        const char *remote; /* or NULL */
        uint16_t remote_port;
    } row[] = {
        {tcp_row, PROTOCOL_TCP, "10.0.0.5", 8080, STATE_LISTEN, 4242, NULL, 0},
        {"  12: " IP_10_0_0_5 ":0016 " IP_10_0_0_5
         ":C001 01 00000000:00000000 01:00000019 00000000     0        0 9 2 ffff8880 20 4 30 10 -1",
         PROTOCOL_TCP, "10.0.0.5", 22, STATE_ESTABLISHED, 9, "10.0.0.5", 49153},
        {"  13: " IP_10_0_0_5 ":0016 " IP_10_0_0_5
         ":C001 06 00000000:00000000 03:00000B1B 00000000     0        0 0 3 0000000000000000",
         PROTOCOL_TCP, "10.0.0.5", 22, STATE_TIME_WAIT, 0, "10.0.0.5", 49153},
        {"   1: " IP_DOC6 ":01BB " IP_LOOPBACK6 ":FFFF 08" REST " 1000        0 77 1 0000000000000000", PROTOCOL_TCP,
         "2001:db8::1", 443, STATE_CLOSE_WAIT, 77, "::1", 65535},
        {"   2: " IP_MAPPED ":0050 " IP_MAPPED ":C001 03" REST "    0        0 0 1 0000000000000000", PROTOCOL_TCP,
         "10.0.0.5", 80, STATE_SYN_RECV, 0, "10.0.0.5", 49153},
        {"1234567: 00000000:0035 00000000:0000 07" REST "  101        0 31 2 0000000000000000 0", PROTOCOL_UDP,
         "0.0.0.0", 53, STATE_CLOSE, 31, NULL, 0},
        {"   0: 00000000000000000000000000000000:FFFF 00000000000000000000000000000000:0000 0A" REST "0 0 4294967295",
         PROTOCOL_TCP, "::", 65535, STATE_LISTEN, 4294967295, NULL, 0},
        {"   0: 00000000:0000 00000000:0000 0B" REST "4294967295 18446744073709551615 1 1", PROTOCOL_TCP, "0.0.0.0", 0,
         STATE_CLOSING, 1, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct sock expected = sock_of(row[i].protocol, row[i].address, row[i].port, row[i].state, row[i].inode), s;

        expected.known |= SOCK_QUEUE;
        if (row[i].remote)
            connect_to(&expected, row[i].remote, row[i].remote_port);
        if (row[i].state == STATE_CLOSE_WAIT || row[i].protocol == PROTOCOL_UDP)
            expected.cookie = PROCFS_COOKIE | row[i].inode;
        if (row[i].protocol == PROTOCOL_UDP)
            expected.known |= SOCK_DROPS;
        assert_row(!parse(row[i].line, strlen(row[i].line), row[i].protocol, &s), row[i].line);
        assert_memory_equal(&s, &expected, sizeof s);
    }
}

/* A FIN and a SYN take a sequence number each, which is no byte that waits. */
static void queues_are_read(void **state)
{
    static const struct {
        const char *line;
        enum protocol protocol;
        unsigned known;
        uint32_t rx_queue, tx_queue, drops;
    } row[] = {
#define ROW(state, tx, rx) \
    "0: " IP_10_0_0_5 ":0050 " IP_10_0_0_5 ":C001 " state " " tx ":" rx " 00:00000000 00000000 0 0 8"
        {"0: " IP_10_0_0_5 ":0050 00000000:0000 0A 000000FF:00001001 00:00000000 00000000 0 0 8", PROTOCOL_TCP, 0, 4097,
         0, 0},
        {"0: " IP_DOC6 ":0050 " IP_DOC6 ":0000 0A 00000000:FFFFFFFF 00:00000000 00000000 0 0 8", PROTOCOL_TCP, 0,
         UINT32_MAX, 0, 0},
        {ROW("01", "00000005", "00000007"), PROTOCOL_TCP, SOCK_REMOTE, 7, 5, 0},
        {ROW("02", "00000001", "00000000"), PROTOCOL_TCP, SOCK_REMOTE, 0, 0, 0}, /* SYN_SENT */
        {ROW("03", "00000001", "00000007"), PROTOCOL_TCP, SOCK_REMOTE, 7, 0, 0}, /* SYN_RECV */
        {ROW("04", "00000005", "00000007"), PROTOCOL_TCP, SOCK_REMOTE, 7, 4, 0}, /* FIN_WAIT1 */
        {ROW("05", "00000000", "00000007"), PROTOCOL_TCP, SOCK_REMOTE, 7, 0, 0}, /* FIN_WAIT2 */
        {ROW("08", "00000005", "00000007"), PROTOCOL_TCP, SOCK_REMOTE, 6, 5, 0}, /* CLOSE_WAIT */
        {ROW("08", "00000000", "00000000"), PROTOCOL_TCP, SOCK_REMOTE, 0, 0, 0},
        {ROW("09", "00000001", "00000001"), PROTOCOL_TCP, SOCK_REMOTE, 0, 0, 0}, /* LAST_ACK */
        {ROW("0B", "00000005", "00000007"), PROTOCOL_TCP, SOCK_REMOTE, 6, 4, 0}, /* CLOSING */
        {ROW("01", "00000005", "00000007") " 2 ffff8880 9", PROTOCOL_UDP, SOCK_REMOTE | SOCK_DROPS, 7, 5, 9},
        {ROW("07", "00000000", "FFFFFFFF") " 2 ffff8880 4294967295", PROTOCOL_UDP, SOCK_REMOTE | SOCK_DROPS, UINT32_MAX,
         0, UINT32_MAX},
        {ROW("07", "00000000", "00000001") " 2 ffff8880 4294967296", PROTOCOL_UDP, SOCK_REMOTE, 1, 0, 0},
        {ROW("07", "00000000", "00000001") " 2 ffff8880 9x", PROTOCOL_UDP, SOCK_REMOTE, 1, 0, 0},
        {ROW("07", "00000000", "00000001"), PROTOCOL_UDP, SOCK_REMOTE, 1, 0, 0},
#undef ROW
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct sock s;

        assert_row(!parse(row[i].line, strlen(row[i].line), row[i].protocol, &s), row[i].line);
        assert_row(s.known == (SOCK_ADDRESS | SOCK_PORT | SOCK_OWNER | SOCK_QUEUE | row[i].known), row[i].line);
        assert_row(s.rx_queue == row[i].rx_queue && s.tx_queue == row[i].tx_queue, row[i].line);
        assert_row(!(s.known & SOCK_DROPS) || s.drops == row[i].drops, row[i].line);
    }
}

static void an_inode_names_a_socket_in_close_wait(void **state)
{
    static const struct {
        const char *line;
        uint64_t cookie;
    } row[] = {
        {"0: " IP_10_0_0_5 ":0050 " IP_10_0_0_5 ":C001 08 00000000:00000001 00:00000000 00000000 0 0 77",
         PROCFS_COOKIE | 77},
        {"0: " IP_10_0_0_5 ":0050 " IP_10_0_0_5 ":C001 08 00000000:00000001 00:00000000 00000000 0 0 0", 0},
        {"0: " IP_10_0_0_5 ":0050 " IP_10_0_0_5 ":C001 01 00000000:00000001 00:00000000 00000000 0 0 77", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct sock s;

        assert_row(!parse(row[i].line, strlen(row[i].line), PROTOCOL_TCP, &s), row[i].line);
        assert_row(s.cookie == row[i].cookie, row[i].line);
    }
}

static void a_row_cut_anywhere_is_refused_until_its_inode_has_begun(void **state)
{
    size_t inode = (size_t)(strstr(tcp_row, " 4242") - tcp_row) + 1;
    struct sock s;

    (void)state;
    for (size_t len = 0; len < sizeof tcp_row; len++)
        assert_int_equal(parse(tcp_row, len, PROTOCOL_TCP, &s), len > inode ? 0 : -EBADMSG);
}

static void garbage_is_refused(void **state)
{
    static const char *const line[] = {
        "",
        "garbage",
        ":::::",
        tcp_header,
        "\xff\xff\xff\xff",
        "   0: 0500000A:1F90",
        "   0: 0500000a:1F90 00000000:0000 0A" REST "0 0 1",  /* the kernel prints capitals */
        "   0: 0500000:1F90 00000000:0000 0A" REST "0 0 1",   /* 7 digits */
        "   0: 0500000AA:1F90 00000000:0000 0A" REST "0 0 1", /* 9 */
        "   0: 0500000A:1F9 00000000:0000 0A" REST "0 0 1",   /* 3 digits of a port */
        "   0: 0500000A:1F900 00000000:0000 0A" REST "0 0 1", /* 5 digits */
        "   0: 0500000A 1F90 00000000:0000 0A" REST "0 0 1",
        "   0: 0500000A:1F90 00000000000000000000000001000000:0000 0A" REST "0 0 1", /* two families */
        "   0: 00000000000000000000000001000000:1F90 00000000:0000 0A" REST "0 0 1",
        "   0: 000000000000000000000000010000:1F90 00000000:0000 0A" REST "0 0 1",
        "   0: 0500000A:1F90 00000000:0000 A" REST "0 0 1",   /* 1 digit of a state */
        "   0: 0500000A:1F90 00000000:0000 0AA" REST "0 0 1", /* 3 digits */
        "   0: 0500000A:1F90 00000000:0000 XX" REST "0 0 1",
        "   0: 0500000A:1F90 00000000:0000 0A 00000000 00000000 00:00000000 00000000 0 0 1",
        "   0: 0500000A:1F90 00000000:0000 0A 00000000:0000000 00:00000000 00000000 0 0 1", /* 7 digits of a queue */
        "   0: 0500000A:1F90 00000000:0000 0A 00000000:000000000 00:00000000 00000000 0 0 1",
        "   0: 0500000A:1F90 00000000:0000 0A 0000000:00000000 00:00000000 00000000 0 0 1",
        "   0: 0500000A:1F90 00000000:0000 0A 00000000:0000000g 00:00000000 00000000 0 0 1",
        "   0: 0500000A:1F90 00000000:0000 0A" REST "0 0 -1",
        "   0: 0500000A:1F90 00000000:0000 0A" REST "0 0 x",
        "   0: 0500000A:1F90 00000000:0000 0A" REST "0 0 1x",
        "   0: 0500000A:1F90 00000000:0000 0A" REST "0 0 4294967296", /* inodes have 32 bits */
        "   0: 0500000A:1F90 00000000:0000 0A" REST "0 0 99999999999999999999999999",
        "   0: 0500000A:1F90\t00000000:0000\t0A" REST "0 0 1",
    };
    struct sock s;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(line); i++)
        assert_row(parse(line[i], strlen(line[i]), PROTOCOL_TCP, &s) == -EBADMSG, line[i]);
}

static void all_states_have_a_place(void **state)
{
    char line[sizeof tcp_row];
    char *place = line + (strstr(tcp_row, " 0A ") - tcp_row) + 1;
    struct sock s;

    (void)state;
    memcpy(line, tcp_row, sizeof line);
    for (unsigned kernel = 0; kernel < 256; kernel++) {
        char digits[4];

        snprintf(digits, sizeof digits, "%02X", kernel);
        memcpy(place, digits, 2);
        assert_int_equal(parse(line, strlen(line), PROTOCOL_TCP, &s), 0);
        assert_true(s.state < STATE_COUNT);
        assert_int_equal(s.state == STATE_UNKNOWN, kernel == 0 || kernel > 12);
    }
}

static void any_bytes_are_harmless(void **state)
{
    char line[sizeof tcp_row];
    struct sock s;

    (void)state;
    any_seed(6);
    for (int turn = 0; turn < 100000; turn++) {
        size_t len = any(sizeof line);

        memcpy(line, tcp_row, sizeof line);
        for (uint32_t n = 1 + any(3); n; n--)
            line[any(sizeof line)] = "0F: \xff\n"[any(6)];
        if (!parse(line, len, PROTOCOL_TCP, &s))
            assert_true((s.ip_version == 4 || s.ip_version == 6) && s.state < STATE_COUNT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_of_each_file_is_known),
        cmocka_unit_test(a_row_is_read_column_by_column),
        cmocka_unit_test(queues_are_read),
        cmocka_unit_test(an_inode_names_a_socket_in_close_wait),
        cmocka_unit_test(a_row_cut_anywhere_is_refused_until_its_inode_has_begun),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(all_states_have_a_place),
        cmocka_unit_test(any_bytes_are_harmless),
    };

    return cmocka_run_group_tests_name("procfs_parse", tests, NULL, NULL);
}
