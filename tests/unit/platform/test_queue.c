/* The receive queue in the kernel's tables, where kernels before 4.12 have it. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux.h"
#include "platform.h"
#include "procfs_parse.h"
#include "unit/helper.h"

static bool parse(const char *row, uint64_t inode, struct net_queue *out)
{
    return procfs_parse_queue(flush_copy(row, strlen(row)), strlen(row), inode, out);
}

static void the_row_of_a_socket_is_found_by_its_inode(void **state)
{
    static const char row[] =
        " 1234: 0100007F:1FBD 00000000:0000 07 00000000:00000A00 00:00000000 00000000     0        0 "
        "4242 2 0000000000000000 17         ";
    static const char six[] =
        " 1234: 00000000000000000000000001000000:1FBD 00000000000000000000000000000000:0000 07 00000000:00000001 "
        "00:00000000 00000000     0        0 4243 2 ffff888000000000 4294967295         ";
    struct net_queue queue;

    (void)state;
    assert_true(parse(row, 4242, &queue));
    assert_int_equal(queue.used, 0xa00);
    assert_int_equal(queue.drops, 17);
    assert_false(parse(row, 424, &queue) || parse(row, 42420, &queue) || parse(row, 17, &queue));
    assert_true(parse(six, 4243, &queue));
    assert_int_equal(queue.drops, UINT32_MAX);
}

static void a_row_that_is_cut_is_none(void **state)
{
    static const char row[] =
        "1: 0100007F:1FBD 00000000:0000 07 00000000:00000A00 00:00000000 00000000 0 0 4242 2 0 17 ";
    char cut[sizeof row];
    struct net_queue queue;
    size_t whole = strlen(row) - strlen("7 ");

    (void)state;
    for (size_t len = 0; len < whole; len++) {
        snprintf(cut, sizeof cut, "%.*s", (int)len, row);
        assert_false(parse(cut, 4242, &queue));
    }
    assert_false(parse("1: 0100007F:1FBD 00000000:0000 07 00000000-00000A00 00:0 0 0 0 4242 2 0 17", 4242, &queue));
    assert_false(parse("1: 0100007F:1FBD 00000000:0000 07 00000000:00000A00 00:0 0 0 0 4242 2 0 x", 4242, &queue));
    assert_false(
        parse("1: 0100007F:1FBD 00000000:0000 07 00000000:00000A00 00:0 0 0 0 4242 2 0 4294967296", 4242, &queue));
}

/* Returns a socket with the smallest buffer, and its address. */
static int bound(const char *host, struct net_addr *addr)
{
    socklen_t len = sizeof addr->bytes;
    unsigned buffer = 1;
    int fd = net_resolve(host, 0, addr, 1, 0) == 1 ? net_bind(addr, &buffer) : -1;

    if (fd < 0)
        skip(); /* no IPv6 */
    assert_int_equal(getsockname(fd, (struct sockaddr *)addr->bytes, &len), 0);
    return fd;
}

/* Compares what both ways say of a socket that has dropped datagrams. */
static void check(const char *host)
{
    struct net_queue queue, other;
    struct net_addr addr;
    int to = bound(host, &addr), from = net_connect(&addr, false, 0);

    assert_true(from >= 0);
    for (int i = 0; i < 1000; i++)
        net_send(from, "datagram", 8, 0);
    assert_true(linux_queue_in_tables(to, &queue));
    assert_true(queue.drops > 0 && queue.used > 0 && queue.limit >= queue.used / 2);
    if (net_queue_read(to, &other)) {
        assert_int_equal(queue.drops, other.drops);
        assert_int_equal(queue.used, other.used);
        assert_int_equal(queue.limit, other.limit);
    }
    net_close(from);
    net_close(to);
    assert_false(linux_queue_in_tables(to, &queue));
}

static void both_ways_say_the_same(void **state)
{
    (void)state;
    check("127.0.0.1");
}

static void both_ways_say_the_same_of_ipv6(void **state)
{
    (void)state;
    check("::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_row_of_a_socket_is_found_by_its_inode),
        cmocka_unit_test(a_row_that_is_cut_is_none),
        cmocka_unit_test(both_ways_say_the_same),
        cmocka_unit_test(both_ways_say_the_same_of_ipv6),
    };

    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
