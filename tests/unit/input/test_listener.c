/* The receiving thread, with real sockets. What has arrived when it is closed is taken, so tests send, close and count.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/listener.h"
#include "unit/helper.h"

static char *dir, path[2][200];
static struct arena arena;
static struct metrics metrics;
static struct listener l;
static struct listen_item items[LISTEN_MAX + 1];
static int n_items;
static struct listen_stats stats[LISTEN_MAX];

static int setup(void **state)
{
    static const struct metrics_settings settings = {.key = {1, 2}, .deltas = true};

    (void)state;
    dir = dir_make();
    snprintf(path[0], sizeof path[0], "%s/a", dir);
    snprintf(path[1], sizeof path[1], "%s/b", dir);
    metrics_init(&metrics, &settings, arena_zero(&arena, 1, METRICS_MEMORY_MIN), METRICS_MEMORY_MIN);
    n_items = 0;
    memset(stats, 0, sizeof stats);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    listener_close(&l);
    for (int i = 0; i < 2; i++)
        close(l.wake.fd[i]);
    arena_free(&arena);
    dir_remove(dir);
    return 0;
}

static void add_udp(const char *host)
{
    items[n_items++] = (struct listen_item){.kind = LISTEN_UDP, .host = host, .name = host};
}

static void add_unix(enum listen_kind kind, const char *at)
{
    items[n_items++] = (struct listen_item){.kind = kind, .path = at, .name = at};
}

static int init(void)
{
    return listener_init(&l, items, n_items, &metrics, 0, &arena);
}

static void start(void)
{
    assert_int_equal(init(), 0);
    assert_int_equal(listener_start(&l), 0);
}

/* Returns a sender to the listener's socket number i. */
static int sender(int i)
{
    struct net_addr addr = l.socket[i].addr;
    socklen_t len = sizeof addr.bytes;
    int fd;

    assert_int_equal(getsockname(l.socket[i].fd, (struct sockaddr *)addr.bytes, &len), 0); /* the port */
    fd = net_connect(&addr, l.socket[i].item->kind == LISTEN_UNIXSTREAM, 0);
    assert_true(fd >= 0);
    return fd;
}

static void send_all(int fd, const void *bytes, size_t len)
{
    assert_int_equal(net_send(fd, bytes, len, 10000), 0);
}

static void send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

static void send_frame(int fd, const char *text)
{
    size_t len = strlen(text);

    send_all(fd, (const char[]){(char)len, (char)(len >> 8), 0, 0}, FRAME_HEAD);
    send_text(fd, text);
}

static void flush(void)
{
    listener_flush(&l, 0, 0);
    memcpy(stats, l.stats, sizeof l.stats);
}

static void end(void)
{
    listener_close(&l);
    flush();
}

/* Returns the value of the metric with this name, or -1. */
static double value(const char *name)
{
    const struct metric *m = NULL;

    while ((m = metrics_next(&metrics, m)))
        if (!strcmp(metric_name(m), name))
            return m->values.total;
    return -1;
}

/* Waits until the listener has counted n datagrams of its items. */
static void await_datagrams(uint64_t n)
{
    uint64_t sum;

    do {
        flush();
        sum = 0;
        for (int i = 0; i < n_items; i++)
            sum += stats[i].taken.datagrams;
        platform_sleep_ns(sum < n ? 1000000 : 0);
    } while (sum < n);
    assert_int_equal(sum, n);
}

static void each_kind_takes_datagrams(void **state)
{
    int fd[3];

    (void)state;
    add_udp("127.0.0.1");
    add_unix(LISTEN_UNIX, path[0]);
    add_unix(LISTEN_UNIXSTREAM, path[1]);
    start();
    for (int i = 0; i < 3; i++)
        fd[i] = sender(i);
    send_text(fd[0], "a:1|c\nb:2|c");
    send_text(fd[1], "a:10|c");
    send_frame(fd[2], "a:100|c");
    send_frame(fd[2], "a:1000|c\nb:20|c");
    await_datagrams(4);
    send_text(fd[0], "");
    send_text(fd[0], "a:5|c");
    end();
    assert_true(value("a") == 1116 && value("b") == 22);
    assert_int_equal(stats[0].taken.datagrams, 3);
    assert_int_equal(stats[1].taken.datagrams, 1);
    assert_int_equal(stats[2].taken.datagrams, 2);
    assert_true((stats[0].queue_known || ONE_IN > 1) && !stats[1].queue_known && !stats[2].queue_known);
    assert_int_equal(stats[0].kernel_drops, 0);
    assert_int_equal(stats[0].taken.lines.lines + stats[1].taken.lines.lines + stats[2].taken.lines.lines, 7);
    assert_int_equal(l.series, 2);
    for (int i = 0; i < 3; i++)
        net_close(fd[i]);
}

static bool has_ipv6(void)
{
    struct net_addr addr;
    unsigned buffer = 65536;
    int fd;

    assert_int_equal(net_resolve("::1", 0, &addr, 1, 0), 1);
    fd = net_bind(&addr, &buffer);
    if (fd >= 0)
        net_close(fd);
    return fd >= 0;
}

static void localhost_is_both_loopback_addresses(void **state)
{
    int n = 1 + has_ipv6();

    (void)state;
    add_udp("localhost");
    start();
    assert_int_equal(l.n_sockets, n);
    for (int i = 0; i < n; i++) {
        int fd = sender(i);

        send_text(fd, "a:1|c");
        net_close(fd);
    }
    end();
    assert_int_equal(stats[0].taken.datagrams, n);
    assert_true(value("a") == n);
}

/* A datagram of whole lines, with one byte more than there is room for. */
static void of_a_datagram_that_is_cut_the_last_line_is_lost(void **state)
{
    static char bytes[FRAME_MAX + 1];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes, "a:1|c\n", 6);
    memcpy(bytes + FRAME_MAX - 6, "\na:2|cc", 7); /* what is left of it is good */
    add_udp("127.0.0.1");
    add_unix(LISTEN_UNIX, path[0]);
    start();
    for (int i = 0; i < 2; i++) {
        int fd = sender(i);

        send_all(fd, bytes, sizeof bytes);
        send_text(fd, "b:1|c");
        net_close(fd);
    }
    end();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(stats[i].taken.datagrams, 2);
        assert_int_equal(stats[i].taken.truncated, 1);
    }
    assert_true(value("a") == 2 && value("b") == 2);
    assert_int_equal(stats[0].taken.lines.refused_lines + stats[1].taken.lines.refused_lines, 4);
}

/* Skips the test where an emulator does not know SO_MEMINFO. */
static void need_queue(void)
{
    struct net_queue queue;

    if (ONE_IN > 1 && !net_queue_read(l.socket[0].fd, &queue))
        skip();
}

/* The thread starts when the queue is full. */
static void sent_is_received_and_dropped(void **state)
{
    int least = 1, fd;

    (void)state;
    add_udp("127.0.0.1");
    assert_int_equal(init(), 0);
    need_queue();
    assert_int_equal(setsockopt(l.socket[0].fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
    fd = sender(0);
    for (int i = 0; i < 1000; i++)
        send_text(fd, "a:1|c");
    flush();
    assert_true(stats[0].queue_known && stats[0].kernel_drops > 0 && stats[0].kernel_drops < 1000);
    assert_true(stats[0].buffer_used_percent > 50 && stats[0].buffer_used_percent <= 100);
    assert_int_equal(stats[0].taken.datagrams, 0);
    assert_int_equal(listener_start(&l), 0);
    await_datagrams(1000 - stats[0].kernel_drops);
    for (int i = 0; i < 1000; i++)
        send_text(fd, "a:1|c");
    end();
    assert_int_equal(stats[0].taken.datagrams + stats[0].kernel_drops, 2000);
    assert_true(value("a") == (double)stats[0].taken.datagrams);
    flush();
    assert_int_equal(stats[0].taken.datagrams + stats[0].kernel_drops, 2000);
    net_close(fd);
}

static void drops_are_counted_across_the_kernels_overflow(void **state)
{
    int fd;

    (void)state;
    add_udp("127.0.0.1");
    assert_int_equal(init(), 0);
    need_queue();
    l.socket[0].drops = UINT32_MAX - 4; /* so many before, and then 5 until it is 0 again */
    flush();
    assert_int_equal(stats[0].kernel_drops, 5);
    fd = sender(0);
    send_text(fd, "a:1|c");
    net_close(fd);
    flush();
    assert_int_equal(stats[0].kernel_drops, 5);
}

static void frames_and_lines_come_from_two_clients(void **state)
{
    int frames, lines;

    (void)state;
    add_unix(LISTEN_UNIXSTREAM, path[0]);
    start();
    frames = sender(0);
    lines = sender(0);
    for (int i = 0; i < 2000; i++) {
        send_frame(frames, "a:1|c\nb:1|c");
        send_text(lines, "a:1000");
        send_text(lines, "|c\nb:1000|c\n");
    }
    send_text(lines, "c:1|c"); /* without LF, at the end */
    net_close(lines);
    await_datagrams(2000 + 4000 + 1);
    send_frame(frames, "c:2|c");
    send_all(frames, (const char[]){9, 0, 0, 0, 'c', ':', '4', '|', 'c'}, 9);
    end(); /* while the last frame is not whole */
    assert_true(value("a") == 2002000 && value("b") == 2002000 && value("c") == 3);
    assert_int_equal(stats[0].taken.datagrams, 6003);
    assert_int_equal(stats[0].taken.truncated, 1);
    assert_int_equal(stats[0].taken.lines.refused_lines, 1);
    net_close(frames);
}

static void a_frame_that_is_too_long_ends_its_client_only(void **state)
{
    char byte;
    int bad, good;

    (void)state;
    add_unix(LISTEN_UNIXSTREAM, path[0]);
    start();
    bad = sender(0);
    good = sender(0);
    send_frame(good, "a:1|c");
    send_frame(bad, "a:10|c");
    send_all(bad, (const char[]){1, 32, 0, 0}, 4);
    assert_true(net_wait_readable(bad, -1));
    assert_true(net_receive_some(bad, &byte, 1) <= 0);
    send_frame(good, "a:100|c");
    end();
    assert_true(value("a") == 111);
    assert_int_equal(stats[0].taken.datagrams, 3);
    assert_int_equal(stats[0].taken.truncated, 1);
    net_close(bad);
    net_close(good);
}

static void clients_beyond_the_limit_are_refused(void **state)
{
    int fd[LISTEN_CLIENTS + 2];
    char byte;

    (void)state;
    add_unix(LISTEN_UNIXSTREAM, path[0]);
    start();
    for (int i = 0; i < LISTEN_CLIENTS; i++) {
        fd[i] = sender(0);
        send_frame(fd[i], "a:1|c");
    }
    await_datagrams(LISTEN_CLIENTS);
    for (int i = LISTEN_CLIENTS; i < LISTEN_CLIENTS + 2; i++) {
        fd[i] = sender(0);
        assert_true(net_wait_readable(fd[i], -1));
        assert_true(net_receive_some(fd[i], &byte, 1) <= 0);
        net_close(fd[i]);
    }
    net_close(fd[1]);
    send_frame(fd[0], "a:10|c");
    await_datagrams(LISTEN_CLIENTS + 1);
    fd[1] = sender(0); /* the thread has seen that one ended */
    send_frame(fd[1], "b:1|c");
    end();
    assert_int_equal(stats[0].taken.refused_clients, 2);
    assert_true(value("a") == LISTEN_CLIENTS + 10 && value("b") == 1);
    for (int i = 0; i < LISTEN_CLIENTS; i++)
        net_close(fd[i]);
}

/* Clients, too, that no one has accepted. */
static void all_that_has_arrived_is_taken_at_the_end(void **state)
{
    int fd[4];

    (void)state;
    add_udp("127.0.0.1");
    add_unix(LISTEN_UNIX, path[0]);
    add_unix(LISTEN_UNIXSTREAM, path[1]);
    assert_int_equal(init(), 0);
    for (int i = 0; i < 4; i++)
        fd[i] = sender(i < 3 ? i : 2);
    for (int i = 0; i < 50; i++) { /* the streams' queues hold that */
        send_text(fd[0], "a:1|c");
        send_frame(fd[2], "c:1|c");
    }
    for (int i = 0; i < 10; i++)
        send_text(fd[1], "b:1|c");
    send_text(fd[3], "c:1000|c\n");
    net_close(fd[3]);
    l.stops = true; /* before the thread begins */
    assert_int_equal(listener_start(&l), 0);
    end();
    assert_true(value("a") == 50 && value("b") == 10 && value("c") == 1050);
    assert_int_equal(stats[0].kernel_drops, 0);
    for (int i = 0; i < 3; i++)
        net_close(fd[i]);
}

static bool exists(const char *at)
{
    struct stat status;

    return !lstat(at, &status);
}

static void a_socket_left_behind_is_replaced_and_removed_at_the_end(void **state)
{
    struct net_addr addr;
    unsigned buffer = 65536;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(net_unix_addr(path[i], &addr), 0);
        net_close(i ? net_listen(&addr) : net_bind(&addr, &buffer));
        assert_true(exists(path[i]));
    }
    add_unix(LISTEN_UNIX, path[1]); /* a stream's before */
    add_unix(LISTEN_UNIXSTREAM, path[0]);
    start();
    for (int i = 0; i < 2; i++) {
        struct stat status;
        int fd = sender(i);

        send_text(fd, "a:1|c\n");
        net_close(fd);
        assert_int_equal(lstat(path[i], &status), 0);
        assert_int_equal(status.st_mode & 07777, 0722);
    }
    end();
    assert_true(value("a") == 2);
    assert_false(exists(path[0]) || exists(path[1]));
}

/* Nothing stays open of what was opened before, and nothing of others is removed. */
static void what_cannot_be_opened_is_an_error_of_all(void **state)
{
    struct net_addr addr;
    unsigned buffer = 65536;
    char inside[220];
    int fd;

    (void)state;
    assert_int_equal(net_unix_addr(path[1], &addr), 0);
    fd = net_bind(&addr, &buffer);
    add_udp("localhost");
    add_unix(LISTEN_UNIX, path[0]);
    add_unix(LISTEN_UNIX, path[1]);
    assert_int_equal(init(), -EADDRINUSE);
    assert_false(exists(path[0]));
    assert_true(exists(path[1]));
    net_close(fd);
    dir_unlink(dir, "b");
    dir_put_text(dir, "b", "text");
    assert_int_equal(init(), -EEXIST);
    assert_true(exists(path[1]));
    dir_unlink(dir, "b");
    add_unix(LISTEN_UNIXSTREAM, path[1]); /* twice */
    assert_int_equal(init(), -EADDRINUSE);
    assert_false(exists(path[0]) || exists(path[1]));
    n_items = 0;
    snprintf(inside, sizeof inside, "%s/absent/a", dir);
    add_unix(LISTEN_UNIX, inside);
    assert_int_equal(init(), -ENOENT);
    n_items = 0;
    add_udp("192.0.2.1"); /* RFC 5737: no machine's */
    assert_int_equal(init(), -EADDRNOTAVAIL);
    n_items = 0;
    add_udp("a..b"); /* never asked for */
    assert_int_equal(init(), -EADDRNOTAVAIL);
    assert_int_equal(l.n_sockets, 0);
    n_items = 0;
    add_udp("127.0.0.1");
    assert_int_equal(init(), 0);
}

static void a_full_set_of_items_receives(void **state)
{
    int n = 1 + has_ipv6();

    (void)state;
    for (int i = 0; i < LISTEN_MAX; i++)
        add_udp("localhost");
    start();
    assert_int_equal(l.n_sockets, n * LISTEN_MAX);
    for (int i = 0; i < l.n_sockets; i++) {
        int fd = sender(i);

        send_text(fd, "a:1|c");
        net_close(fd);
    }
    end();
    for (int i = 0; i < LISTEN_MAX; i++)
        assert_int_equal(stats[i].taken.datagrams, n);
}

/* Returns what listener_log_new logs. */
static const char *logged(void)
{
    static char text[8192];
    int pair[2], before = dup(STDERR_FILENO);
    ssize_t n;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    dup2(pair[1], STDERR_FILENO);
    listener_log_new(&l);
    dup2(before, STDERR_FILENO);
    n = recv(pair[0], text, sizeof text - 1, MSG_DONTWAIT);
    text[n > 0 ? n : 0] = '\0';
    close(before);
    net_close(pair[0]);
    net_close(pair[1]);
    return text;
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;

    while ((text = strstr(text, part))) {
        n++;
        text++;
    }
    return n;
}

static void the_first_of_each_kind_is_logged(void **state)
{
    const char *text;
    int fd;

    (void)state;
    add_udp("127.0.0.1");
    start();
    fd = sender(0);
    send_text(fd, "a:1|x\nb:1|x\nc:y|c\n\33[0m:1|c\ng:-5|g|#t:1");
    await_datagrams(1);
    text = logged();
    assert_int_equal(count(text, "\n"), 4);
    assert_non_null(strstr(text, "unknown type: a:1|x;"));
    assert_non_null(strstr(text, "value is not a number: c:y|c;"));
    assert_non_null(strstr(text, "control character: \\x1b[0m:1|c;"));
    assert_non_null(strstr(text, "SOCKPUSH_LISTEN_GAUGES=absolute"));
    send_text(fd, "a:1|x\nb:1|x\nc:1|c|@2x\ng:-5|g|#t:1");
    await_datagrams(2);
    text = logged();
    assert_int_equal(count(text, "\n"), 1);
    assert_non_null(strstr(text, "rate is not a number"));
    assert_string_equal(logged(), "");
    net_close(fd);
}

/* Of losses each beginning is logged, not each interval. */
static void losses_are_logged_when_they_begin(void **state)
{
    const char *text;

    (void)state;
    add_udp("127.0.0.1");
    add_unix(LISTEN_UNIXSTREAM, path[0]);
    assert_int_equal(init(), 0);
    flush();
    assert_string_equal(logged(), "");
    l.stats[0].kernel_drops = 1;
    l.counts[0].lines.overflow_lines = 3;
    l.counts[0].truncated = 1;
    l.counts[1].refused_clients = 1;
    flush();
    text = logged();
    assert_int_equal(count(text, "\n"), 4);
    assert_non_null(strstr(text, "no room for 1 datagrams"));
    assert_non_null(strstr(text, "SOCKPUSH_LISTEN_MEMORY"));
    l.counts[0].lines.overflow_lines++;
    l.counts[0].truncated++;
    flush();
    assert_string_equal(logged(), "");
    flush();
    assert_string_equal(logged(), "");
    l.counts[0].lines.overflow_lines++; /* once more, after an interval without */
    flush();
    assert_int_equal(count(logged(), "\n"), 1);
}

/* --- packers -------------------------------------------------------------------------------- */

static struct packer packers[2];
static char packet[2][200], passed_on[2][4096];

/* Collects a packet. The thread has the lock. */
static void collect(void *ctx, const char *lines, size_t len, uint32_t n)
{
    (void)n;
    assert_true(strlen(ctx) + len < sizeof *passed_on);
    strncat(ctx, lines, len);
}

/* Adds packers for datadog and statsd. metrics_too: there are outputs that aggregate, too. */
static void pack(bool metrics_too)
{
    memset(passed_on, 0, sizeof passed_on);
    for (int i = 0; i < 2; i++)
        packers[i] = (struct packer){.dialect = i ? PACK_STATSD : PACK_DATADOG,
                                     .packet_max = sizeof packet[i] - 1,
                                     .bytes = packet[i],
                                     .send = collect,
                                     .ctx = passed_on[i]};
    if (!metrics_too)
        l.intake.metrics = NULL;
    l.intake.packers = packers;
    l.intake.n_packers = 2;
}

/* Waits until the thread has sent a packet of text to that packer, without an end. */
static void await_passed_on(int i, const char *text)
{
    bool there;

    do {
        listener_enter(&l);
        there = !strcmp(passed_on[i], text);
        listener_leave(&l);
        platform_sleep_ns(there ? 0 : 1000000);
    } while (!there);
}

static void lines_are_passed_on_soon(void **state)
{
    int fd;

    (void)state;
    add_udp("127.0.0.1");
    assert_int_equal(init(), 0);
    pack(true);
    assert_int_equal(listener_start(&l), 0);
    fd = sender(0);
    send_text(fd, "a:1:2|c");
    await_passed_on(0, "a:1:2|c\n");
    await_passed_on(1, "a:1|c\na:2|c\n");
    send_text(fd, "_sc|a|0"); /* once more, after nothing was in hand */
    await_passed_on(0, "a:1:2|c\n_sc|a|0\n");
    end();
    assert_true(value("a") == 3);
    assert_int_equal(stats[0].taken.lines.lines, 2);
    assert_int_equal(stats[0].taken.lines.unsupported_lines, 1);
    assert_int_equal(l.packed[0].unsupported, 0);
    assert_int_equal(l.packed[1].unsupported, 1);
    net_close(fd);
}

static void what_is_in_hand_is_sent_at_the_end(void **state)
{
    int udp, stream;

    (void)state;
    add_udp("127.0.0.1");
    add_unix(LISTEN_UNIXSTREAM, path[0]);
    assert_int_equal(init(), 0);
    pack(false);
    udp = sender(0);
    stream = sender(1);
    send_text(udp, "a:1|c\nb:1|x");
    send_text(stream, "c:1|c");
    l.stops = true;
    assert_int_equal(listener_start(&l), 0);
    end();
    assert_non_null(strstr(passed_on[1], "a:1|c\n"));
    assert_non_null(strstr(passed_on[1], "c:1|c\n"));
    assert_int_equal(strlen(passed_on[1]), 12);
    assert_string_equal(passed_on[0], passed_on[1]);
    assert_int_equal(stats[0].taken.lines.refused_lines, 1);
    assert_int_equal(l.series, 0);
    assert_non_null(strstr(logged(), "unknown type: b:1|x;"));
    net_close(udp);
    net_close(stream);
}

/* No line is lost or repeated while packets become full and are sent by time. */
static void every_line_is_passed_on_once(void **state)
{
    const char *at = passed_on[1];
    char text[32];
    int fd;

    (void)state;
    add_unix(LISTEN_UNIXSTREAM, path[0]);
    assert_int_equal(init(), 0);
    pack(true);
    assert_int_equal(listener_start(&l), 0);
    fd = sender(0);
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "a:%d|c\n", i);
        send_text(fd, text);
    }
    net_close(fd);
    end();
    for (int i = 0; i < 300; i++) {
        int len = snprintf(text, sizeof text, "a:%d|c\n", i);

        assert_memory_equal(at, text, (size_t)len);
        at += len;
    }
    assert_int_equal(*at, '\0');
    assert_string_equal(passed_on[0], passed_on[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_kind_takes_datagrams),
        TEST(localhost_is_both_loopback_addresses),
        TEST(of_a_datagram_that_is_cut_the_last_line_is_lost),
        TEST(sent_is_received_and_dropped),
        TEST(drops_are_counted_across_the_kernels_overflow),
        TEST(frames_and_lines_come_from_two_clients),
        TEST(a_frame_that_is_too_long_ends_its_client_only),
        TEST(clients_beyond_the_limit_are_refused),
        TEST(all_that_has_arrived_is_taken_at_the_end),
        TEST(a_socket_left_behind_is_replaced_and_removed_at_the_end),
        TEST(what_cannot_be_opened_is_an_error_of_all),
        TEST(a_full_set_of_items_receives),
        TEST(the_first_of_each_kind_is_logged),
        TEST(losses_are_logged_when_they_begin),
        TEST(lines_are_passed_on_soon),
        TEST(what_is_in_hand_is_sent_at_the_end),
        TEST(every_line_is_passed_on_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
