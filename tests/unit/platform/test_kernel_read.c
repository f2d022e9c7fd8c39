/* The kernel's counters, read from directories that the test writes, as another network namespace's. */
#include <stdio.h>
#include <string.h>

#include "count/kernel.h"
#include "platform.h"
#include "unit/helper.h"

#define BIT(counter) (1u << (counter))
#define UDP_BITS     (BIT(UDP_IN_DATAGRAMS) | BIT(UDP_NO_PORTS))

static char *dir;

static int set_up(void **state)
{
    (void)state;
    dir = dir_make();
    dir_put_text(dir, "1/net/netstat", "TcpExt: ListenDrops\nTcpExt: 3\n");
    dir_put_text(dir, "1/net/sockstat", "sockets: used 40\nTCP: inuse 17 orphan 6 tw 3 alloc 20 mem 2\n");
    dir_put_text(dir, "1/net/snmp", "Udp: InDatagrams NoPorts\nUdp: 70 8\n");
    dir_put_text(dir, "1/net/snmp6", "Udp6InDatagrams \t5\nUdp6NoPorts \t6\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dir_remove(dir);
    return 0;
}

/* Reads; whether nf_conntrack_max is there depends on this machine. */
static struct kernel_reading reading(void)
{
    static char buf[PLATFORM_KERNEL_BUF];
    struct kernel_reading r = {.known = 0};

    platform_kernel_read(dir, buf, &r);
    r.known &= ~BIT(CONNTRACK_MAX);
    return r;
}

static void all_files_are_read(void **state)
{
    struct kernel_reading r = reading();

    (void)state;
    assert_int_equal(r.known, BIT(LISTEN_DROPS) | BIT(SOCKETS_USED) | BIT(TCP_ORPHAN) | BIT(TCP_MEM_PAGES) | UDP_BITS);
    assert_true(r.n[LISTEN_DROPS] == 3 && r.n[SOCKETS_USED] == 40 && r.n[TCP_ORPHAN] == 6 && r.n[TCP_MEM_PAGES] == 2);
    assert_true(r.n[UDP_IN_DATAGRAMS] == 75 && r.n[UDP_NO_PORTS] == 14);
}

static void without_ipv6_the_counters_are_ipv4s(void **state)
{
    struct kernel_reading r;

    (void)state;
    dir_unlink(dir, "1/net/snmp6");
    r = reading();
    assert_int_equal(r.known & UDP_BITS, UDP_BITS);
    assert_true(r.n[UDP_IN_DATAGRAMS] == 70 && r.n[UDP_NO_PORTS] == 8);
}

/* A directory can be opened, but not read. */
static void a_file_that_cannot_be_read_leaves_its_counters_out(void **state)
{
    struct kernel_reading r;

    (void)state;
    dir_unlink(dir, "1/net/snmp6");
    dir_put_text(dir, "1/net/snmp6/x", "");
    dir_unlink(dir, "1/net/netstat");
    dir_put_text(dir, "1/net/netstat/x", "");
    r = reading();
    assert_int_equal(r.known, BIT(SOCKETS_USED) | BIT(TCP_ORPHAN) | BIT(TCP_MEM_PAGES));
    dir_unlink(dir, "1/net/sockstat");
    dir_unlink(dir, "1/net/snmp");
    assert_int_equal(reading().known, 0);
}

static void tracked_connections_are_those_of_the_first_row(void **state)
{
    struct kernel_reading r;

    (void)state;
    dir_put_text(dir, "1/net/stat/nf_conntrack", "entries  found\n0000002a  00000000\n0000002a  00000000\n");
    r = reading();
    assert_true(r.known & BIT(CONNTRACK_COUNT));
    assert_int_equal(r.n[CONNTRACK_COUNT], 42);
}

/* netstat is longer than what is read of it: its counters are there where their lines are whole. */
/* The lines of TcpExt are read whole up to 16 KiB, wherever they end. */
static void lines_of_any_length(void **state)
{
    (void)state;
    for (int others = 0; others < 1000; others += 7) {
        static char text[40000];
        size_t len = (size_t)sprintf(text, "TcpExt: ListenDrops");

        for (int i = 0; i < others; i++)
            len += (size_t)sprintf(text + len, " X");
        len += (size_t)sprintf(text + len, "\nTcpExt: 9");
        for (int i = 0; i < others; i++)
            len += (size_t)sprintf(text + len, " 99999999");
        strcpy(text + len, "\nIpExt: InOctets\nIpExt: 12345\n");
        dir_put_text(dir, "1/net/netstat", text);
        assert_true(reading().known & BIT(LISTEN_DROPS));
        assert_int_equal(reading().n[LISTEN_DROPS], 9);
    }
}

static void a_file_that_is_too_long_is_cut(void **state)
{
    static char text[40000];
    size_t len = 0;

    (void)state;
    for (int i = 0; i < 1500; i++)
        len += (size_t)sprintf(text + len, "Other%d: 123456\n", i);
    strcpy(text + len, "TcpExt: ListenDrops\nTcpExt: 9\n");
    dir_put_text(dir, "1/net/netstat", text);
    assert_false(reading().known & BIT(LISTEN_DROPS));
    len = (size_t)sprintf(text, "TcpExt: ListenDrops");
    for (int i = 0; i < 1000; i++)
        len += (size_t)sprintf(text + len, " Other%d", i);
    len += (size_t)sprintf(text + len, "\nTcpExt: 9");
    for (int i = 0; i < 1000; i++)
        len += (size_t)sprintf(text + len, " 99999999");
    strcpy(text + len, "\n");
    dir_put_text(dir, "1/net/netstat", text);
    assert_false(reading().known & BIT(LISTEN_DROPS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_files_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_ipv6_the_counters_are_ipv4s, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_leaves_its_counters_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tracked_connections_are_those_of_the_first_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_of_any_length, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_too_long_is_cut, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
