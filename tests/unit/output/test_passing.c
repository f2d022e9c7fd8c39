/* An application's packets on their way through an output, in virtual time. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/output/fake_transport.h"
#include "unit/output/tcp_receiver.h"

/* Replaces platform/posix/random.c: draws the longest pause, so that each run is the same. */
uint32_t platform_random(uint32_t below)
{
    return below - 1;
}

int platform_secret(void *out, size_t len)
{
    (void)out, (void)len;
    return -ENOSYS;
}

static void start_passing(struct running *r, const struct transport *transport, uint16_t port, size_t bytes)
{
    const struct endpoint endpoint = {.name = "test:",
                                      .format = &encoder_dogstatsd,
                                      .transport = transport,
                                      .n_targets = 1,
                                      .target = {{"127.0.0.1", port}}};
    struct output_limits limits = small_limits;

    limits.replay_ns = 600 * SECOND;
    limits.packets = bytes;
    start_to(r, &endpoint, &limits);
}

/* Passes a packet on. Returns once the thread has done all that it can do at once. */
static void pass(struct running *r, const char *packet)
{
    const struct lines lines = lines_of(packet);

    output_relay(&r->output, packet, lines.len, (uint32_t)lines.n);
    clock_rest(&r->output);
}

static uint64_t queued(struct running *r)
{
    return output_read_packets(&r->output).lines;
}

static void packets_and_snapshots_are_sent_in_order(void **state)
{
    struct running r;

    (void)state;
    start_passing(&r, &fake_stream, 0, 1000);
    pass(&r, "p1\np2\n");
    put(&r, 1, "s1\n");
    pass(&r, "p3\n");
    pass(&r, "p4, longer than a chunk\n");
    put(&r, 2, "s2\n");
    finish_line(&r);
    assert_string_equal(line.sent, "p1\np2\ns1\np3\np4, longer than a chunk\ns2\n");
    assert_int_equal(line.n_sent, 5);
    assert_int_equal(counted(&r, SENT_LINES), 6);
    assert_int_equal(counted(&r, DROPPED_LINES) + output_left(&r.output), 0);
}

static void packets_wait_before_the_outbox_until_there_is_a_connection(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start_passing(&r, &fake_stream, 0, 1000);
    pass(&r, "p1\n");
    put(&r, 1, "s1\n");
    pass(&r, "p2\np3\n");
    wait_for_more(&r, SEND_ERRORS, 3);
    assert_int_equal(queued(&r), 3);
    assert_int_equal(output_left(&r.output), 4);
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 4);
    assert_string_equal(line.sent, "s1\np1\np2\np3\n");
    finish_line(&r);
}

static void the_queue_is_emptied_at_the_end(void **state)
{
    struct running r;
    size_t len = 0;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start_passing(&r, &fake_kept, 0, 10000);
    for (int i = 0; i < 200; i++)
        pass(&r, "a packet\n");
    output_close(&r.output);
    clock_pass(&r.output, SECOND);
    assert_false(output_done(&r.output));
    assert_int_equal(output_left(&r.output), 200);
    line_fail(0, 0, 0);
    while (len < 200 * strlen("a packet\n") && clock_step(&r.output)) {
        read_peer();
        clock_rest(&r.output);
        pthread_mutex_lock(&line_lock);
        len = line.len;
        pthread_mutex_unlock(&line_lock);
    }
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 200);
    assert_int_equal(output_left(&r.output) + counted(&r, DROPPED_LINES), 0);
}

static void a_packet_is_sent_again_until_it_is_acknowledged_and_not_after(void **state)
{
    struct running r;

    (void)state;
    start_passing(&r, &fake_kept, 0, 1000);
    pass(&r, "one\n");
    wait_sent(&r, "one\n");
    close_peer(); /* unread */
    wait_sent(&r, "one\none\n");
    read_peer();
    wait_for(&r, SENT_LINES, 1);
    pass(&r, "two\n");
    close_peer();
    wait_sent(&r, "one\none\ntwo\ntwo\n");
    read_peer();
    wait_for(&r, SENT_LINES, 2);
    assert_int_equal(counted(&r, DROPPED_LINES), 0);
    finish_line(&r);
}

/* The receiver ended an idle connection. */
static void a_quiet_connection_opens_for_packets(void **state)
{
    struct running r;

    (void)state;
    start_passing(&r, &fake_kept, 0, 1000);
    pass(&r, "one\n");
    read_peer();
    wait_for(&r, SENT_LINES, 1);
    clock_pass(&r.output, 2 * SECOND);
    break_socket();
    clock_pass(&r.output, 60 * SECOND);
    assert_int_equal(line.opened, 1);
    pass(&r, "two\n");
    wait_sent(&r, "one\ntwo\n");
    assert_int_equal(line.opened, 2);
    finish_line(&r);
    assert_int_equal(counted(&r, SEND_ERRORS), 0);
}

static void what_a_slow_receiver_does_not_take_stays_in_the_queue(void **state)
{
    struct running r;

    (void)state;
    start_passing(&r, &fake_kept, 0, 20 * (sizeof(struct packet) + 2));
    for (int i = 0; i < 32 + 32 + 20 + 5; i++)
        pass(&r, "p\n");
    assert_int_equal(r.output.box.n_under_way, 32);
    assert_int_equal(r.output.box.lines, 64); /* as many wait */
    assert_int_equal(queued(&r), 20);
    assert_int_equal(counted(&r, DROPPED_LINES), 5);
    put(&r, 1, "s\n");
    assert_true(r.output.overload.lasts);
    put(&r, 2, "s\n");
    assert_true(r.output.overload.lasts); /* packets wait */
    while (output_left(&r.output)) {
        read_peer();
        clock_step(&r.output);
    }
    put(&r, 3, "s\n");
    assert_false(r.output.overload.lasts);
    finish_line(&r);
    assert_int_equal(counted(&r, DROPPED_LINES), 6); /* and the first snapshot, whose place the second took */
}

/* No event reports acknowledgements. The next look at them comes soon, however often packets end a pause. */
static void packets_go_soon_after_the_receiver_has_room(void **state)
{
    struct running r;

    (void)state;
    start_passing(&r, &fake_kept, 0, 1000);
    for (int i = 0; i < 32 + 32; i++)
        pass(&r, "p\n");
    assert_int_equal(line.n_sent, 32);
    read_peer();
    clock_pass(&r.output, MS);
    assert_int_equal(line.n_sent, 64);
    while (output_left(&r.output)) {
        read_peer();
        clock_step(&r.output);
    }
    finish_line(&r);
}

/* However small SOCKPUSH_BUFFER is. */
static void the_queue_holds_a_few_packets(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start_passing(&r, &fake_stream, 0, 1);
    assert_int_equal(r.output.packet_max, 20);
    for (int i = 0; i < 5; i++)
        pass(&r, "twenty bytes in all.\n");
    assert_int_equal(queued(&r), 4);
    assert_int_equal(counted(&r, DROPPED_LINES), 1);
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 4);
    finish_line(&r);
}

/* A new snapshot replaces an old one, but no packet. */
static void packets_are_not_dropped_for_want_of_a_socket(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ENOENT;
    start_passing(&r, &fake_datagram, 0, 1000);
    pass(&r, "p1\n");
    put(&r, 1, "s1\n");
    pass(&r, "p2\n");
    put(&r, 2, "s2\n");
    wait_for(&r, DROPPED_LINES, 2);
    clock_pass(&r.output, SECOND);
    assert_int_equal(queued(&r), 2);
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 2);
    line_fail(-ENOENT, -ECONNREFUSED, 1); /* and in the outbox */
    pass(&r, "p3\n");
    put(&r, 3, "s3\n");
    wait_for(&r, DROPPED_LINES, 3);
    assert_int_equal(output_left(&r.output), 1);
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 3);
    assert_string_equal(line.sent, "p1\np2\np3\n");
    line_fail(0, -EMSGSIZE, 2); /* each time with a socket */
    pass(&r, "p4\n");
    pass(&r, "p5\n");
    wait_for(&r, SENT_LINES, 4);
    assert_int_equal(counted(&r, DROPPED_LINES), 4);
    finish_line(&r);
    assert_string_equal(line.sent, "p1\np2\np3\np5\n");
}

static void a_packet_is_split_once_the_path_takes_less(void **state)
{
    struct running r;

    (void)state;
    start_passing(&r, &fake_datagram, 0, 1000);
    pthread_mutex_lock(&r.output.lock);
    r.output.line_max = 10;
    pthread_mutex_unlock(&r.output.lock);
    pass(&r, "aaaaaa\nbbbbbb\ncc\n");
    finish_line(&r);
    assert_int_equal(line.n_sent, 2);
    assert_string_equal(line.sent, "aaaaaa\nbbbbbb\ncc\n");
    assert_int_equal(counted(&r, SENT_LINES), 3);
}

static void a_packet_that_no_connection_takes_is_dropped_at_once(void **state)
{
    static char packet[600];
    struct running r;

    (void)state;
    start_passing(&r, &fake_stream, 0, 10000);
    memset(packet, 'a', small_limits.mtu + 1);
    packet[small_limits.mtu + 1] = '\n';
    pass(&r, packet);
    assert_int_equal(counted(&r, DROPPED_LINES), 1);
    packet[small_limits.mtu] = '\n';
    packet[small_limits.mtu + 1] = '\0';
    pass(&r, packet);
    finish_line(&r);
    assert_string_equal(line.sent, packet);
}

/* A snapshot is spread over a second's quarter, packets go at once. The clock stands still but for clock_pass. */
static void packets_do_not_wait_for_a_snapshot_that_is_spread(void **state)
{
    const struct endpoint endpoint = {.name = "test:", .format = &encoder_dogstatsd, .transport = &fake_datagram};
    struct output_limits limits = small_limits;
    char text[20 * 20 + 1] = "";
    struct running r;

    (void)state;
    for (int i = 0; i < 20; i++)
        strcat(text, "a line of 20 bytes.\n");
    limits.interval_ns = SECOND;
    limits.snapshot_max = sizeof text;
    limits.packets = 1000;
    start_to(&r, &endpoint, &limits);
    put(&r, 1, text);
    pass(&r, "one\n");
    pass(&r, "two\n");
    assert_int_equal(line.n_sent, 8 + 2);
    assert_string_equal(line.sent + 8 * 20, "one\ntwo\n");
    clock_pass(&r.output, 110 * MS); /* eight more were due after 100 ms */
    assert_int_equal(line.n_sent, 16 + 2);
    pass(&r, "three\n");
    assert_int_equal(line.n_sent, 16 + 3);
    finish_line(&r);
    assert_int_equal(line.n_sent, 20 + 3);
    for (unsigned i = 0; i < 19; i++)
        assert_int_equal(line.sent_ns[i], line.sent_ns[0] + (i < 10 ? 0 : i < 18 ? 100 : 110) * MS);
    assert_int_equal(counted(&r, SENT_LINES), 23);
}

/* A refused datagram is known at the next one. A whole snapshot without an error ends the trouble. */
static void packets_do_not_end_trouble_at_once(void **state)
{
    struct running r;

    (void)state;
    line_fail(-ENOENT, 0, 0);
    start_passing(&r, &fake_datagram, 0, 1000);
    pass(&r, "p1\n");
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 1);
    assert_true(r.output.trouble.lasts);
    put(&r, 1, "s1\n");
    assert_false(r.output.trouble.lasts);
    finish_line(&r);
}

/* No snapshot may come: a relay can push no lines of its own. */
static void packets_end_trouble_after_a_second_without_an_error(void **state)
{
    struct running r;

    (void)state;
    line_fail(-ENOENT, 0, 0);
    start_passing(&r, &fake_datagram, 0, 1000);
    pass(&r, "p1\n");
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 1);
    clock_pass(&r.output, SECOND - MS);
    pass(&r, "p2\n");
    assert_true(r.output.trouble.lasts);
    clock_pass(&r.output, MS);
    assert_true(r.output.trouble.lasts);
    pass(&r, "p3\n");
    assert_false(r.output.trouble.lasts);
    finish_line(&r);
}

/* --- real sockets ------------------------------------------------------------------------ */

/* Binds a socket to a port, 0 for a free one, which it sets. Several can be bound to it as long as none listens. */
static int bind_to(uint16_t *port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    socklen_t len = sizeof at;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* Reads a connection to its end. Returns what came, which the next call overwrites. */
static const char *read_all(int fd)
{
    static char in[4096];
    size_t len = 0;
    ssize_t n;

    while ((n = recv(fd, in + len, sizeof in - 1 - len, 0)) > 0)
        len += (size_t)n;
    assert_int_equal(n, 0);
    in[len] = '\0';
    return in;
}

/* Nothing that was acknowledged comes again, whatever SOCKPUSH_REPLAY is. */
static void a_receiver_that_went_away_gets_every_packet(void **state)
{
    struct running r;
    uint16_t port = 0;
    int listener = bind_to(&port), second = bind_to(&port), fd;

    (void)state;
    assert_int_equal(listen(listener, 1), 0);
    start_passing(&r, &output_tcp, port, 1000);
    pass(&r, "one\n");
    fd = receiver_accept(listener);
    receiver_read(fd, "one\n");
    clock_arrived(r.output.link->fd);
    wait_for(&r, SENT_LINES, 1);
    net_close(listener);
    net_close(fd);
    clock_rest(&r.output);
    pass(&r, "two\n");
    pass(&r, "three\nfour\n");
    wait_for_more(&r, SEND_ERRORS, 2);
    assert_int_equal(queued(&r), 3);
    assert_int_equal(listen(second, 1), 0);
    wait_for_more(&r, RECONNECTS, 1);
    fd = receiver_accept(second);
    receiver_read(fd, "two\nthree\nfour\n");
    clock_arrived(r.output.link->fd);
    wait_for(&r, SENT_LINES, 4);
    pass(&r, "five\n");
    output_close(&r.output);
    clock_rest(&r.output);
    assert_string_equal(read_all(fd), "five\n");
    net_close(fd);
    finish(&r);
    net_close(second);
    assert_int_equal(counted(&r, SENT_LINES), 5);
    assert_int_equal(counted(&r, DROPPED_LINES), 0);
}

static void a_packet_is_a_datagram(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct running r;
    char in[512];

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    start_passing(&r, &output_udp, ntohs(at.sin_port), 1000);
    pass(&r, "one\ntwo\n");
    put(&r, 1, "snapshot\n");
    pass(&r, "three\n");
    finish(&r);
    assert_int_equal(recv(fd, in, sizeof in, 0), strlen("one\ntwo"));
    assert_memory_equal(in, "one\ntwo", strlen("one\ntwo"));
    assert_int_equal(recv(fd, in, sizeof in, 0), strlen("snapshot"));
    assert_int_equal(recv(fd, in, sizeof in, 0), strlen("three"));
    assert_int_equal(counted(&r, SENT_LINES), 4);
    net_close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(packets_and_snapshots_are_sent_in_order, line_reset),
        cmocka_unit_test_setup(packets_wait_before_the_outbox_until_there_is_a_connection, line_reset),
        cmocka_unit_test_setup(the_queue_is_emptied_at_the_end, line_reset),
        cmocka_unit_test_setup(a_packet_is_sent_again_until_it_is_acknowledged_and_not_after, line_reset),
        cmocka_unit_test_setup(a_quiet_connection_opens_for_packets, line_reset),
        cmocka_unit_test_setup(what_a_slow_receiver_does_not_take_stays_in_the_queue, line_reset),
        cmocka_unit_test_setup(packets_go_soon_after_the_receiver_has_room, line_reset),
        cmocka_unit_test_setup(the_queue_holds_a_few_packets, line_reset),
        cmocka_unit_test_setup(packets_are_not_dropped_for_want_of_a_socket, line_reset),
        cmocka_unit_test_setup(a_packet_is_split_once_the_path_takes_less, line_reset),
        cmocka_unit_test_setup(a_packet_that_no_connection_takes_is_dropped_at_once, line_reset),
        cmocka_unit_test_setup(packets_do_not_wait_for_a_snapshot_that_is_spread, line_reset),
        cmocka_unit_test_setup(packets_do_not_end_trouble_at_once, line_reset),
        cmocka_unit_test_setup(packets_end_trouble_after_a_second_without_an_error, line_reset),
        cmocka_unit_test(a_receiver_that_went_away_gets_every_packet),
        cmocka_unit_test(a_packet_is_a_datagram),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("passing", tests, NULL, NULL);
}
