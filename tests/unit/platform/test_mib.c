/* Windows' tables, built by hand, with each part of a row where Windows' headers put it. */
#include <errno.h>
#include <string.h>

#include "unit/helper.h"
#include "windows/mib_parse.h"

struct taken {
    struct sock row[16];
    unsigned n;
};

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    struct taken *t = ctx;

    assert_int_equal(n, 1);
    if (t->n < COUNT_OF(t->row))
        t->row[t->n] = *s;
    t->n++;
}

#define U32(n)             (uint8_t)(n), (uint8_t)((n) >> 8), (uint8_t)((n) >> 16), (uint8_t)((n) >> 24)
#define PORT(n)            (uint8_t)((n) >> 8), (uint8_t)(n), 0xab, 0xcd /* tcpmib.h: the upper half is not set */
#define IPV6(last)         0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last
#define MAPPED(a, b, c, d) 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d

/* MIB_TCPTABLE_OWNER_PID */
static const uint8_t tcp4[] = {
    U32(3), /* dwNumEntries */
    U32(5),  10,  0, 0,           1,         PORT(49152), 10,
    0,       0,   2, PORT(443),   U32(1234), /* dwState ESTAB, dwLocalAddr, dwLocalPort, dwRemoteAddr, dwRemotePort,
                                                dwOwningPid */
    U32(2),  0,   0, 0,           0,         PORT(135),   0,
    0,       0,   0, PORT(9),     U32(900), /* LISTEN: what is remote means nothing */
    U32(11), 127, 0, 0,           1,         PORT(80),    127,
    0,       0,   1, PORT(50000), U32(0), /* TIME_WAIT has no owner */
};

/* MIB_TCP6TABLE_OWNER_PID */
/* clang-format off */
static const uint8_t tcp6[] = {
    U32(3),
    /* ucLocalAddr, dwLocalScopeId, dwLocalPort, ucRemoteAddr, dwRemoteScopeId, dwRemotePort, dwState, dwOwningPid */
    IPV6(1), U32(7), PORT(8080), IPV6(2), U32(0), PORT(40000), U32(8), U32(77),
    MAPPED(192, 0, 2, 1), U32(0), PORT(80), MAPPED(192, 0, 2, 9), U32(0), PORT(2), U32(7), U32(78),
    IPV6(0), U32(0), PORT(80), IPV6(0), U32(0), PORT(0), U32(2), U32(79),
};
/* clang-format on */

/* MIB_UDPTABLE_OWNER_PID: dwLocalAddr, dwLocalPort, dwOwningPid */
static const uint8_t udp4[] = {U32(2), 0, 0, 0, 0, PORT(53), U32(11), 127, 0, 0, 1, PORT(5353), U32(12)};

/* MIB_UDP6TABLE_OWNER_PID: ucLocalAddr, dwLocalScopeId, dwLocalPort, dwOwningPid */
static const uint8_t udp6[] = {U32(1), IPV6(3), U32(0), PORT(123), U32(13)};

static const struct {
    struct mib_table table;
    const uint8_t *bytes;
    size_t len;
    unsigned n;
    struct {
        const char *address;
        uint16_t port;
        enum tcp_state state;
        uint32_t pid;
        const char *remote; /* or NULL */
        uint16_t remote_port;
    } row[3];
} tables[] = {
    {{PROTOCOL_TCP, false, MIB_ALL},
     tcp4,
     sizeof tcp4,
     3,
     {{"10.0.0.1", 49152, STATE_ESTABLISHED, 1234, "10.0.0.2", 443},
      {"0.0.0.0", 135, STATE_LISTEN, 900, NULL, 0},
      {"127.0.0.1", 80, STATE_TIME_WAIT, 0, "127.0.0.1", 50000}}},
    {{PROTOCOL_TCP, false, MIB_LISTENERS}, tcp4, sizeof tcp4, 1, {{"0.0.0.0", 135, STATE_LISTEN, 900, NULL, 0}}},
    {{PROTOCOL_TCP, false, MIB_OTHERS},
     tcp4,
     sizeof tcp4,
     2,
     {{"10.0.0.1", 49152, STATE_ESTABLISHED, 1234, "10.0.0.2", 443},
      {"127.0.0.1", 80, STATE_TIME_WAIT, 0, "127.0.0.1", 50000}}},
    {{PROTOCOL_TCP, true, MIB_ALL},
     tcp6,
     sizeof tcp6,
     3,
     {{"2001:db8::1", 8080, STATE_CLOSE_WAIT, 77, "2001:db8::2", 40000},
      {"192.0.2.1", 80, STATE_FIN_WAIT2, 78, "192.0.2.9", 2},
      {"2001:db8::", 80, STATE_LISTEN, 79, NULL, 0}}},
    {{PROTOCOL_UDP, false, MIB_ALL},
     udp4,
     sizeof udp4,
     2,
     {{"0.0.0.0", 53, STATE_ESTABLISHED, 11, NULL, 0}, {"127.0.0.1", 5353, STATE_ESTABLISHED, 12, NULL, 0}}},
    {{PROTOCOL_UDP, true, MIB_ALL}, udp6, sizeof udp6, 1, {{"2001:db8::3", 123, STATE_ESTABLISHED, 13, NULL, 0}}},
};

static void each_part_of_a_row_is_read_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct taken t = {0};

        assert_int_equal(
            mib_parse(flush_copy(tables[i].bytes, tables[i].len), tables[i].len, &tables[i].table, take, &t), 0);
        assert_int_equal(t.n, tables[i].n);
        for (unsigned k = 0; k < t.n; k++) {
            struct sock want = sock_of(tables[i].table.protocol, tables[i].row[k].address, tables[i].row[k].port,
                                       tables[i].row[k].state, tables[i].row[k].pid);

            want.known = SOCK_ADDRESS | SOCK_PORT | SOCK_PID;
            if (tables[i].row[k].remote)
                connect_to(&want, tables[i].row[k].remote, tables[i].row[k].remote_port);
            assert_memory_equal(&t.row[k], &want, sizeof want);
        }
    }
}

static void a_table_cut_short_is_refused_at_every_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        for (size_t len = 0; len < tables[i].len; len++) {
            struct taken t = {0};
            const char *bytes = flush_copy(tables[i].bytes, len);

            assert_int_equal(mib_parse(bytes, len, &tables[i].table, take, &t), -EBADMSG);
            assert_int_equal(t.n, 0);
            assert_int_equal(mib_size(bytes, len, &tables[i].table), len);
        }
}

static void bytes_after_the_rows_are_skipped(void **state)
{
    uint8_t room[sizeof tcp6 + 1000];
    struct taken t = {0};
    const struct mib_table table = {PROTOCOL_TCP, true, MIB_ALL};

    (void)state;
    memset(room, 0xff, sizeof room);
    memcpy(room, tcp6, sizeof tcp6);
    assert_int_equal(mib_size(room, sizeof room, &table), sizeof tcp6);
    assert_int_equal(mib_parse(room, sizeof room, &table, take, &t), 0);
    assert_int_equal(t.n, 3);
}

static void a_count_that_no_room_could_hold_is_refused(void **state)
{
    (void)state;
    for (uint32_t n = 3; n; n += 0x3fffffd) {
        uint8_t table[sizeof tcp4];
        struct taken t = {0};

        if (n == 3)
            continue;
        memcpy(table, tcp4, sizeof tcp4);
        memcpy(table, (uint8_t[]){U32(n)}, 4);
        assert_int_equal(mib_parse(table, sizeof table, &tables[0].table, take, &t), -EBADMSG);
        if (n > 0xf0000000)
            break;
    }
}

/* tcpmib.h: MIB_TCP_STATE_CLOSED = 1 … MIB_TCP_STATE_DELETE_TCB = 12, MIB_TCP_STATE_RESERVED = 100. */
static void every_number_of_a_state_is_known_or_unknown(void **state)
{
    static const uint8_t known[] = {STATE_CLOSE,       STATE_LISTEN,    STATE_SYN_SENT,  STATE_SYN_RECV,
                                    STATE_ESTABLISHED, STATE_FIN_WAIT1, STATE_FIN_WAIT2, STATE_CLOSE_WAIT,
                                    STATE_CLOSING,     STATE_LAST_ACK,  STATE_TIME_WAIT};

    (void)state;
    for (uint32_t n = 0; n < 256; n++)
        assert_int_equal(mib_tcp_state(n), n >= 1 && n <= COUNT_OF(known) ? known[n - 1] : STATE_UNKNOWN);
    assert_int_equal(mib_tcp_state(UINT32_MAX), STATE_UNKNOWN);
}

static void random_bytes_are_read_within_their_bounds(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200000 / ONE_IN; i++) {
        uint8_t bytes[200];
        size_t len = any(sizeof bytes + 1);
        struct taken t = {0};
        const struct mib_table table = {(enum protocol)any(2), any(2), (enum mib_rows)any(3)};
        int ret;

        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)any(256);
        if (len >= 4)
            memcpy(bytes, (uint8_t[]){U32(any(20))}, 4);
        ret = mib_parse(flush_copy(bytes, len), len, &table, take, &t);
        assert_true(ret == 0 || ret == -EBADMSG);
        for (unsigned k = 0; k < t.n && k < COUNT_OF(t.row); k++)
            assert_true(t.row[k].state < STATE_COUNT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_of_a_row_is_read_at_its_place),
        cmocka_unit_test(a_table_cut_short_is_refused_at_every_length),
        cmocka_unit_test(bytes_after_the_rows_are_skipped),
        cmocka_unit_test(a_count_that_no_room_could_hold_is_refused),
        cmocka_unit_test(every_number_of_a_state_is_known_or_unknown),
        cmocka_unit_test(random_bytes_are_read_within_their_bounds),
    };

    return cmocka_run_group_tests_name("mib", tests, NULL, NULL);
}
