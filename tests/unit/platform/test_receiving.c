/* Sockets that receive: batches, cut datagrams, drops, files of Unix sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform.h"
#include "unit/helper.h"

static char *dir, path[200];
static struct net_batch batch;

static int setup(void **state)
{
    (void)state;
    dir = dir_make();
    snprintf(path, sizeof path, "%s/socket", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dir_remove(dir);
    return 0;
}

/* Returns a socket at a free port of 127.0.0.1, and that address. */
static int udp(struct net_addr *addr, unsigned buffer)
{
    socklen_t len = sizeof addr->bytes;
    int fd;

    assert_int_equal(net_resolve("127.0.0.1", 0, addr, 1, 0), 1);
    fd = net_bind(addr, &buffer);
    assert_true(fd >= 0);
    assert_true(buffer > 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)addr->bytes, &len), 0);
    return fd;
}

static int unix_datagram(void)
{
    struct net_addr addr;
    unsigned buffer = 65536;

    assert_int_equal(net_unix_addr(path, &addr), 0);
    return net_bind(&addr, &buffer);
}

static int unix_stream(void)
{
    struct net_addr addr;

    assert_int_equal(net_unix_addr(path, &addr), 0);
    return net_listen(&addr);
}

/* Returns a sender, or -errno. */
static int sender(bool stream)
{
    struct net_addr addr;

    assert_int_equal(net_unix_addr(path, &addr), 0);
    return net_connect(&addr, stream, 0);
}

static void send_one(int fd, char byte, size_t len)
{
    static char bytes[20000];

    memset(bytes, byte, len);
    assert_int_equal(net_send(fd, bytes, len, 0), 0);
}

static void datagrams_come_in_batches(void **state)
{
    struct net_addr addr;
    int to = udp(&addr, 1 << 20), from = net_connect(&addr, false, 0);

    (void)state;
    assert_int_equal(net_receive_batch(to, &batch), -EAGAIN);
    for (unsigned i = 0; i < NET_BATCH + 2; i++)
        send_one(from, (char)('a' + i), i);
    assert_int_equal(net_receive_batch(to, &batch), NET_BATCH);
    for (unsigned i = 0; i < NET_BATCH; i++) {
        assert_int_equal(batch.len[i], i);
        assert_false(batch.cut[i]);
        assert_true(!i || (batch.bytes[i][0] == (char)('a' + i) && batch.bytes[i][i - 1] == (char)('a' + i)));
    }
    assert_int_equal(net_receive_batch(to, &batch), 2);
    assert_int_equal(batch.len[1], NET_BATCH + 1);
    assert_int_equal(net_receive_batch(to, &batch), -EAGAIN);
    net_close(from);
    net_close(to);
}

static void check_cut(int to, int from)
{
    send_one(from, 'a', NET_DATAGRAM_MAX);
    send_one(from, 'b', NET_DATAGRAM_MAX + 1);
    send_one(from, 'c', 20000);
    send_one(from, 'd', 1);
    assert_int_equal(net_receive_batch(to, &batch), 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(batch.len[i], i < 3 ? NET_DATAGRAM_MAX : 1);
        assert_int_equal(batch.cut[i], i == 1 || i == 2);
        assert_int_equal(batch.bytes[i][batch.len[i] - 1], 'a' + i);
    }
    send_one(from, 'e', 2); /* the flag is not that of the batch before */
    send_one(from, 'f', 3);
    assert_int_equal(net_receive_batch(to, &batch), 2);
    assert_false(batch.cut[0] || batch.cut[1]);
    net_close(from);
    net_close(to);
}

static void a_datagram_longer_than_its_room_is_cut(void **state)
{
    struct net_addr addr;
    int to = udp(&addr, 1 << 20);

    (void)state;
    check_cut(to, net_connect(&addr, false, 0));
    to = unix_datagram();
    check_cut(to, sender(false));
}

/* What the kernel has and what it dropped make what was sent. */
static void the_kernel_counts_what_it_drops(void **state)
{
    struct net_queue queue;
    struct net_addr addr;
    int to = udp(&addr, 1), from = net_connect(&addr, false, 0), n, received = 0;

    (void)state;
    if (ONE_IN > 1 && !net_queue_read(to, &queue))
        skip(); /* an emulator that does not know SO_MEMINFO */
    assert_true(net_queue_read(to, &queue));
    assert_int_equal(queue.drops, 0);
    assert_int_equal(queue.used, 0);
    for (int i = 0; i < 5000; i++)
        send_one(from, 'a', 100);
    assert_true(net_queue_read(to, &queue));
    assert_true(queue.used > queue.limit / 2);
    while ((n = net_receive_batch(to, &batch)) > 0)
        received += n;
    assert_int_equal(n, -EAGAIN);
    assert_true(received > 0 && queue.drops > 0);
    assert_int_equal((uint32_t)received + queue.drops, 5000);
    assert_true(net_queue_read(to, &queue));
    assert_int_equal((uint32_t)received + queue.drops, 5000);
    net_close(from);
    net_close(to);
}

static void a_larger_buffer_is_asked_for(void **state)
{
    struct net_addr addr;
    unsigned small = 4096, large = 4 << 20;
    int a, b;

    (void)state;
    assert_int_equal(net_resolve("127.0.0.1", 0, &addr, 1, 0), 1);
    a = net_bind(&addr, &small);
    b = net_bind(&addr, &large);
    assert_true(a >= 0 && b >= 0 && small < large);
    net_close(a);
    net_close(b);
}

static void an_address_is_bound_once(void **state)
{
    struct net_addr addr, far;
    unsigned buffer = 65536;
    int fd = udp(&addr, 65536);

    (void)state;
    assert_int_equal(net_bind(&addr, &buffer), -EADDRINUSE);
    assert_string_equal(platform_error_text(EADDRINUSE), "Address in use");
    assert_int_equal(net_resolve("192.0.2.1", 8125, &far, 1, 0), 1); /* RFC 5737: no machine's */
    assert_int_equal(net_bind(&far, &buffer), -EADDRNOTAVAIL);
    net_close(fd);
}

static void streams_are_accepted_without_waiting(void **state)
{
    int listener = unix_stream(), client, accepted;
    char got[8];

    (void)state;
    assert_int_equal(net_accept(listener), -EAGAIN);
    client = sender(true);
    assert_true(client >= 0);
    accepted = net_accept(listener);
    assert_true(accepted >= 0);
    assert_int_equal(net_accept(listener), -EAGAIN);
    assert_int_equal(net_receive_some(accepted, got, sizeof got), -EAGAIN);
    send_one(client, 'a', 3);
    assert_int_equal(net_receive_some(accepted, got, sizeof got), 3);
    net_close(client);
    assert_int_equal(net_receive_some(accepted, got, sizeof got), 0);
    net_close(accepted);
    net_close(listener);
}

static void many_descriptors_are_waited_for_together(void **state)
{
    struct net_ready of[NET_READY_MAX];
    int end[NET_READY_MAX];
    struct net_wake wake;

    (void)state;
    assert_int_equal(net_wake_open(&wake), 0);
    for (int i = 0; i < NET_READY_MAX; i++) {
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        of[i] = (struct net_ready){.fd = i == 3 ? -1 : pair[0], .ready = true};
        end[i] = pair[1];
    }
    assert_int_equal(net_wake_wait_any(&wake, of, NET_READY_MAX, 0), 0);
    assert_false(of[0].ready || of[3].ready);
    send_one(end[7], 'a', 1);
    net_close(end[NET_READY_MAX - 1]); /* its peer is at its end */
    assert_int_equal(net_wake_wait_any(&wake, of, NET_READY_MAX, -1), 2);
    for (int i = 0; i < NET_READY_MAX; i++)
        assert_int_equal(of[i].ready, i == 7 || i == NET_READY_MAX - 1);
    net_wake_signal(&wake);
    assert_int_equal(net_wake_wait_any(&wake, of, 3, -1), 0); /* the signal ends it */
    assert_int_equal(net_wake_wait_any(&wake, of, 3, 0), 0);
    assert_int_equal(net_wake_wait_any(&wake, of, 0, 0), 0);
    for (int i = 0; i < NET_READY_MAX; i++)
        net_close(of[i].fd);
    for (int i = 0; i < NET_READY_MAX - 1; i++)
        net_close(end[i]);
}

static bool exists(void)
{
    struct stat status;

    return !lstat(path, &status);
}

static void only_a_socket_without_a_program_is_removed(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(net_unix_remove_stale(path), 0); /* absent */
    assert_int_equal(net_unix_remove_stale("@abstract"), 0);
    for (int stream = 0; stream < 2; stream++) {
        fd = stream ? unix_stream() : unix_datagram();
        assert_true(fd >= 0);
        assert_int_equal(net_unix_remove_stale(path), -EADDRINUSE);
        assert_true(exists());
        if (stream)
            assert_int_equal(net_accept(fd), -EAGAIN); /* the question was no client */
        net_close(fd);
        assert_true(exists());
        assert_int_equal(stream ? unix_stream() : unix_datagram(), -EADDRINUSE);
        assert_int_equal(net_unix_remove_stale(path), 0);
        assert_false(exists());
    }
    dir_put_text(dir, "socket", "text");
    assert_int_equal(net_unix_remove_stale(path), -EEXIST);
    dir_unlink(dir, "socket");
    dir_link(dir, "socket", "elsewhere");
    assert_int_equal(net_unix_remove_stale(path), -EEXIST);
    dir_unlink(dir, "socket");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(net_unix_remove_stale(path), -EEXIST);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(net_unix_remove_stale(path), -EEXIST);
    assert_true(exists());
}

/* A socket that takes only one peer refuses the question, but its program is there. */
static void a_socket_connected_to_another_has_a_program(void **state)
{
    int fd = unix_datagram(), peer, other;
    struct net_addr addr;
    char name[220];
    unsigned buffer = 65536;

    (void)state;
    snprintf(name, sizeof name, "%s/peer", dir);
    assert_int_equal(net_unix_addr(name, &addr), 0);
    peer = net_bind(&addr, &buffer);
    assert_int_equal(connect(fd, (struct sockaddr *)addr.bytes, addr.len), 0);
    assert_int_equal(net_unix_remove_stale(path), -EADDRINUSE);
    other = sender(false);
    assert_true(other < 0);
    net_close(fd);
    net_close(peer);
}

static void everyone_may_write_to_the_socket(void **state)
{
    struct net_file file;
    struct stat status;
    int fd = unix_datagram();

    (void)state;
    assert_int_equal(net_unix_open_to_all(path, &file), 0);
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0722);
    assert_true(S_ISSOCK(status.st_mode));
    net_close(fd);
    net_unix_remove(path, &file);
    assert_false(exists());
    assert_int_equal(net_unix_open_to_all(path, &file), -ENOENT);
    assert_int_equal(net_unix_open_to_all("@abstract", &file), 0);
    dir_put_text(dir, "socket", "text");
    assert_int_equal(net_unix_open_to_all(path, &file), -EEXIST);
}

/* Another program's socket of that name, made since, stays. */
static void only_the_own_file_is_removed(void **state)
{
    char aside[220];
    struct net_file file;
    int fd = unix_datagram(), other;

    (void)state;
    assert_int_equal(net_unix_open_to_all(path, &file), 0);
    snprintf(aside, sizeof aside, "%s/aside", dir);
    assert_int_equal(rename(path, aside), 0); /* so that its inode is not given again */
    net_unix_remove(path, &file);
    other = unix_datagram();
    assert_true(other >= 0);
    net_unix_remove(path, &file);
    assert_true(exists());
    net_unix_remove(aside, &file);
    assert_int_equal(access(aside, F_OK), -1);
    net_close(fd);
    net_close(other);
}

static void an_abstract_name_receives(void **state)
{
    struct net_addr addr;
    unsigned buffer = 65536;
    char name[80];
    int to, from;

    (void)state;
    snprintf(name, sizeof name, "@sockpush-unit-%d", getpid());
    assert_int_equal(net_unix_addr(name, &addr), 0);
    to = net_bind(&addr, &buffer);
    from = net_connect(&addr, false, 0);
    send_one(from, 'a', 5);
    assert_int_equal(net_receive_batch(to, &batch), 1);
    assert_int_equal(batch.len[0], 5);
    net_close(to);
    net_close(from);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(datagrams_come_in_batches),
        TEST(a_datagram_longer_than_its_room_is_cut),
        TEST(the_kernel_counts_what_it_drops),
        TEST(a_larger_buffer_is_asked_for),
        TEST(an_address_is_bound_once),
        TEST(streams_are_accepted_without_waiting),
        TEST(many_descriptors_are_waited_for_together),
        TEST(only_a_socket_without_a_program_is_removed),
        TEST(a_socket_connected_to_another_has_a_program),
        TEST(everyone_may_write_to_the_socket),
        TEST(only_the_own_file_is_removed),
        TEST(an_abstract_name_receives),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
