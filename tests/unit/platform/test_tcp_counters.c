/* The kernel's counters, read from directories that the test writes. */
#include "tcp_counters.h"

#include <stdio.h>
#include <string.h>

#include "unit/helper.h"

#define SOCKSTAT  "sockets: used 40\nTCP: inuse 17 orphan 0 tw 3 alloc 20 mem 2\nUDP: inuse 5 mem 1\n"
#define SOCKSTAT6 "TCP6: inuse 9\nUDP6: inuse 0\n"
#define TCP       "Tcp: RtoAlgorithm ActiveOpens PassiveOpens\nTcp: 1 70 8\n"

static char *dir;

static int set_up(void **state)
{
    (void)state;
    dir = dir_make();
    dir_put_text(dir, "1/net/sockstat", SOCKSTAT);
    dir_put_text(dir, "1/net/sockstat6", SOCKSTAT6);
    dir_put_text(dir, "1/net/snmp", "Ip: Forwarding\nIp: 2\n" TCP);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dir_remove(dir);
    return 0;
}

static bool read_counters(enum tcp_opens opens, struct tcp_counters *out)
{
    static char buf[TCP_COUNTERS_BUF];

    return tcp_counters_read(dir, NULL, opens, buf, out);
}

static void all_counters_are_read(void **state)
{
    struct tcp_counters c;

    (void)state;
    assert_true(read_counters(OPENS_FIRST, &c));
    assert_true(c.inuse == 17 && c.inuse6 == 9 && c.tw == 3 && c.alloc == 20 && c.opens == 78);
    assert_true(read_counters(OPENS_LAST, &c));
    assert_true(c.inuse == 17 && c.inuse6 == 9 && c.tw == 3 && c.alloc == 20 && c.opens == 78);
    assert_true(read_counters(OPENS_NOT_READ, &c));
    assert_true(c.inuse == 17 && !c.opens);
}

/* The kernel writes 16 types to a line. Each one that came or went has its name and its number before TCP's lines. */
static void types_of_icmp_make_a_long_snmp(void **state)
{
    char text[TCP_COUNTERS_BUF] = "";
    size_t len = 0;
    struct tcp_counters c;

    (void)state;
    for (int type = 0; type < 512; type += 16) {
        len += (size_t)sprintf(text + len, "IcmpMsg:");
        for (int i = type; i < type + 16; i++)
            len += (size_t)sprintf(text + len, " %sType%d", i < 256 ? "In" : "Out", i % 256);
        len += (size_t)sprintf(text + len, "\nIcmpMsg:");
        for (int i = type; i < type + 16; i++)
            len += (size_t)sprintf(text + len, " %d", 10000000 + i);
        text[len++] = '\n';
    }
    assert_in_range(len, 10000, sizeof text - sizeof TCP);
    memcpy(text + len, TCP, sizeof TCP);
    dir_put_text(dir, "1/net/snmp", text);
    assert_true(read_counters(OPENS_FIRST, &c));
    assert_int_equal(c.opens, 78);
}

static void a_kernel_without_ipv6_has_no_sockstat6(void **state)
{
    struct tcp_counters c;

    (void)state;
    dir_unlink(dir, "1/net/sockstat6");
    assert_true(read_counters(OPENS_NOT_READ, &c));
    assert_true(c.inuse == 17 && !c.inuse6);
}

static void a_file_that_is_not_as_it_should_be_gives_nothing(void **state)
{
    static const char *const row[][2] = {
        {"1/net/sockstat", ""},
        {"1/net/sockstat", "garbage"},
        {"1/net/sockstat", "sockets: used 40\nTCP: inuse 17 orphan 0 tw 3 alloc 2"}, /* cut */
        {"1/net/sockstat", "TCP: inuse 17 orphan 0 alloc 20 mem 2\n"},
        {"1/net/sockstat", "TCP: inuse -1 orphan 0 tw 3 alloc 20 mem 2\n"},
        {"1/net/sockstat6", "TCP6: inuse"},
        {"1/net/snmp", "Tcp: ActiveOpens PassiveOpens\nTcp: 1"},
        {"1/net/snmp", "Tcp: ActiveOpens\nTcp: 1\n"},
    };
    struct tcp_counters c;

    for (size_t i = 0; i < COUNT_OF(row); i++) {
        set_up(state);
        dir_put_text(dir, row[i][0], row[i][1]);
        assert_row(!read_counters(OPENS_FIRST, &c) && !read_counters(OPENS_LAST, &c), row[i][1]);
        dir_unlink(dir, row[i][0]);
        assert_row(!strcmp(row[i][0], "1/net/sockstat6") || !read_counters(OPENS_FIRST, &c), row[i][0]);
        tear_down(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_counters_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(types_of_icmp_make_a_long_snmp, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kernel_without_ipv6_has_no_sockstat6, set_up, tear_down),
        cmocka_unit_test(a_file_that_is_not_as_it_should_be_gives_nothing),
    };

    return cmocka_run_group_tests_name("tcp_counters", tests, NULL, NULL);
}
