/* An output's thread, with a transport that does as it is told. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "output/output.h"
#include "unit/helper.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int open_error, send_error; /* what the transport is told to answer */
    int send_errors;            /* so many times; then 0 */
    bool gone, stream;
    unsigned opened, closed, tried;
    char sent[4096];
    size_t len;
    int peer; /* of a socket that is one: the receiver's end, or -1 */
} line;

static const struct output_kind either;

static int open_line(struct link *l)
{
    int ret;

    pthread_mutex_lock(&lock);
    ret = line.open_error;
    line.opened += !ret;
    line.tried++;
    l->fd = ret ? -1 : 1000000; /* is never waited for */
    if (!ret && l->to->kind == &either)
        l->stream = line.stream;
    pthread_mutex_unlock(&lock);
    return ret;
}

static int send_line(struct link *l, const char *lines, size_t len)
{
    int ret = 0;

    pthread_mutex_lock(&lock);
    if (line.send_errors) {
        line.send_errors--;
        ret = line.send_error;
    } else {
        assert_true(line.len + len < sizeof line.sent);
        memcpy(line.sent + line.len, lines, len);
        line.len += len;
    }
    l->gone = line.gone;
    pthread_mutex_unlock(&lock);
    return ret;
}

static void close_line(struct link *l)
{
    pthread_mutex_lock(&lock);
    line.closed++;
    pthread_mutex_unlock(&lock);
    (void)l;
}

static const struct output_kind stream = {
    .scheme = "stream", .chunk_max = 20, .retry_max_ms = 5, .queues = true, .open = open_line, .send = send_line, .close = close_line,
};
static const struct output_kind datagram = {
    .scheme = "datagram", .chunk_max = 20, .retry_max_ms = 5, .datagram = true, .open = open_line, .send = send_line, .close = close_line,
};
static const struct output_kind either = {
    .scheme = "either", .chunk_max = 20, .retry_max_ms = 5, .queues = true, .datagram = true, .either = true, .open = open_line,
    .send = send_line, .close = close_line,
};

/* --- with a socket that is one ------------------------------------------------------ */

static void close_peer(void)
{
    if (line.peer >= 0)
        net_close(line.peer);
    line.peer = -1;
}

static int open_socket(struct link *l)
{
    int ret = open_line(l), end[2];

    if (ret)
        return ret;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end), 0);
    pthread_mutex_lock(&lock);
    close_peer();
    line.peer = end[1];
    pthread_mutex_unlock(&lock);
    l->fd = end[0];
    l->written = 0;
    return 0;
}

static int send_socket(struct link *l, const char *lines, size_t len)
{
    int ret = send_line(l, lines, len);

    l->written += len;
    return ret ? ret : net_send(l->fd, lines, len, true, 1000);
}

static void close_socket(struct link *l)
{
    net_close(l->fd);
    close_line(l);
}

/* The receiver reads, which is how a Unix socket acknowledges. */
static void read_peer(void)
{
    pthread_mutex_lock(&lock);
    assert_int_equal(net_hear(line.peer), 0);
    pthread_mutex_unlock(&lock);
}

/* The receiver has read all, and ends its side. */
static int finish_socket(struct link *l)
{
    read_peer();
    pthread_mutex_lock(&lock);
    close_peer();
    pthread_mutex_unlock(&lock);
    return net_finish(l->fd);
}

/* The receiver ends the connection, what it did not read is not acknowledged. */
static void break_socket(void)
{
    pthread_mutex_lock(&lock);
    shutdown(line.peer, SHUT_WR);
    pthread_mutex_unlock(&lock);
}

static const struct output_kind kept = {
    .scheme = "kept", .chunk_max = 20, .retry_max_ms = 5, .open = open_socket, .send = send_socket, .hear = link_hear,
    .finish = finish_socket, .close = close_socket,
};

struct running {
    struct output output;
    struct endpoint to;
    struct arena arena;
};

static void start_as(struct running *r, const struct output_kind *kind, const struct encoder *format, uint64_t replay_ns)
{
    const struct output_limits limits = {
        .mtu = 512, .buffer = 4096, .snapshot_max = 200, .interval_ns = 1000000, .replay_ns = replay_ns,
    };

    memset(r, 0, sizeof *r);
    r->to = (struct endpoint){.name = "test:", .format = format, .kind = kind};
    assert_int_equal(output_start(&r->output, &r->to, &limits, &r->arena), 0);
}

static void start(struct running *r, const struct output_kind *kind)
{
    start_as(r, kind, &encoder_dogstatsd, 0);
}

static struct lines lines_of(uint64_t poll, const char *text)
{
    struct lines lines = {.poll = poll, .text = text, .len = strlen(text), .gauges = strlen(text)};

    for (; *text; text++)
        lines.n += *text == '\n';
    return lines;
}

static void put(struct running *r, uint64_t poll, const char *text)
{
    const struct lines lines = lines_of(poll, text);

    output_put(&r->output, &lines, 0, true);
}

static uint64_t counted(struct running *r, enum output_counter counter)
{
    return output_read_stats(&r->output).n[counter];
}

/* Until that is what was sent over all connections. */
static void wait_sent(const char *text)
{
    bool same = false;

    for (int i = 0; i < 10000 && !same; i++) {
        platform_sleep_ns(1000000);
        pthread_mutex_lock(&lock);
        same = !strcmp(line.sent, text);
        pthread_mutex_unlock(&lock);
    }
    assert_string_equal(line.sent, text);
}

/* Until the counter stands there; a test that fails takes ten seconds. */
static void wait_for(struct running *r, enum output_counter counter, uint64_t value)
{
    for (int i = 0; i < 10000 && counted(r, counter) < value; i++)
        platform_sleep_ns(1000000);
    assert_int_equal(counted(r, counter), value);
}

/* Until so much more was counted, or more than that. */
static void wait_for_more(struct running *r, enum output_counter counter, uint64_t more)
{
    const uint64_t value = counted(r, counter) + more;

    for (int i = 0; i < 10000 && counted(r, counter) < value; i++)
        platform_sleep_ns(1000000);
    assert_true(counted(r, counter) >= value);
}

static void finish(struct running *r)
{
    output_close(&r->output);
    pthread_join(r->output.thread, NULL);
    assert_true(output_done(&r->output));
    assert_int_equal(line.opened, line.closed);
    arena_free(&r->arena);
}

static int reset(void **state)
{
    (void)state;
    memset(&line, 0, sizeof line);
    line.peer = -1;
    return 0;
}

static void lines_are_sent_in_order_and_counted(void **state)
{
    struct running r;

    (void)state;
    start(&r, &stream);
    put(&r, 1, "one\ntwo\n");
    put(&r, 2, "three three three\nfour four\nfive\n");
    finish(&r);
    assert_string_equal(line.sent, "one\ntwo\nthree three three\nfour four\nfive\n");
    assert_int_equal(counted(&r, SENT_LINES), 5);
    assert_int_equal(counted(&r, DROPPED_LINES) + counted(&r, SEND_ERRORS) + counted(&r, RECONNECTS), 0);
    assert_int_equal(output_left(&r.output), 0);
}

static void a_streams_lines_wait_for_its_receiver(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start(&r, &stream);
    put(&r, 1, "one\n");
    put(&r, 2, "two\n");
    wait_for_more(&r, SEND_ERRORS, 2); /* it is tried again and again */
    assert_int_equal(output_left(&r.output), 2);
    pthread_mutex_lock(&lock);
    line.open_error = 0;
    pthread_mutex_unlock(&lock);
    wait_for(&r, SENT_LINES, 2);
    finish(&r);
    assert_string_equal(line.sent, "one\ntwo\n");
    assert_int_equal(counted(&r, DROPPED_LINES), 0);
    assert_int_equal(counted(&r, RECONNECTS), 0); /* it was never connected before */
}

static void a_streams_chunk_that_failed_is_sent_over_the_next_connection(void **state)
{
    struct running r;

    (void)state;
    line.send_error = -EPIPE;
    line.send_errors = 3;
    start(&r, &stream);
    put(&r, 1, "one\ntwo\n");
    wait_for(&r, SENT_LINES, 2);
    finish(&r);
    assert_string_equal(line.sent, "one\ntwo\n");
    assert_int_equal(counted(&r, SEND_ERRORS), 3);
    assert_int_equal(counted(&r, RECONNECTS), 3);
    assert_int_equal(counted(&r, DROPPED_LINES), 0);
}

static void a_datagram_that_cannot_go_now_never_will(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ENOENT;
    start(&r, &datagram);
    put(&r, 1, "one\ntwo two two two two\nthree\n");
    wait_for(&r, DROPPED_LINES, 3);
    assert_int_equal(output_left(&r.output), 0);
    pthread_mutex_lock(&lock);
    line.open_error = 0;
    pthread_mutex_unlock(&lock);
    platform_sleep_ns(20000000); /* the longest pause before another try is 5 ms */
    put(&r, 2, "four\n");
    wait_for(&r, SENT_LINES, 1);
    finish(&r);
    assert_string_equal(line.sent, "four\n");
}

/* Lets it answer so, once the longest pause before another try is over. */
static void answer(int open_error, bool as_stream)
{
    pthread_mutex_lock(&lock);
    line.open_error = open_error;
    line.stream = as_stream;
    pthread_mutex_unlock(&lock);
    platform_sleep_ns(20000000);
}

/* As at unix://, where the receiver's socket is missing, then a stream, then for datagrams. */
static void only_for_a_stream_that_was_found_do_lines_wait(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ENOENT;
    start(&r, &either);
    put(&r, 1, "one\n");
    wait_for(&r, DROPPED_LINES, 1);
    answer(0, true);
    put(&r, 2, "two\n");
    wait_for(&r, SENT_LINES, 1);
    answer(-ENOENT, true);
    pthread_mutex_lock(&lock);
    line.send_error = -EPIPE;
    line.send_errors = 1;
    pthread_mutex_unlock(&lock);
    put(&r, 3, "three\n");
    put(&r, 4, "four\n");
    answer(0, true);
    wait_for(&r, SENT_LINES, 3);
    answer(-ENOENT, true);
    pthread_mutex_lock(&lock);
    line.send_errors = 1;
    pthread_mutex_unlock(&lock);
    put(&r, 5, "five\n");
    put(&r, 6, "six\n");
    answer(0, false);
    wait_for(&r, DROPPED_LINES, 3);
    put(&r, 7, "seven\n");
    wait_for(&r, SENT_LINES, 4);
    finish(&r);
    assert_string_equal(line.sent, "two\nthree\nfour\nseven\n");
}

static void a_datagram_gets_one_more_try_over_a_new_socket(void **state)
{
    struct running r;

    (void)state;
    line.send_error = -ECONNREFUSED;
    line.send_errors = 1;
    start(&r, &datagram);
    put(&r, 1, "one\n");
    wait_for(&r, SENT_LINES, 1);
    assert_int_equal(counted(&r, SEND_ERRORS), 1);
    assert_int_equal(counted(&r, RECONNECTS), 1);
    pthread_mutex_lock(&lock);
    line.send_errors = 2;
    pthread_mutex_unlock(&lock);
    put(&r, 2, "two\n");
    wait_for(&r, DROPPED_LINES, 1);
    finish(&r);
    assert_string_equal(line.sent, "one\n");
}

static void lines_too_long_for_the_output_count_as_dropped(void **state)
{
    const struct lines lines = lines_of(1, "one\n");
    struct running r;

    (void)state;
    start(&r, &stream);
    output_put(&r.output, &lines, 7, true);
    wait_for(&r, SENT_LINES, 1);
    assert_int_equal(counted(&r, DROPPED_LINES), 7);
    finish(&r);
}

static void what_a_dead_stream_cannot_take_is_left_at_the_end(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start(&r, &stream);
    put(&r, 1, "one\ntwo\n");
    output_close(&r.output);
    platform_sleep_ns(30000000);
    assert_false(output_done(&r.output)); /* it still tries: main decides how long */
    assert_int_equal(output_left(&r.output), 2);
    pthread_mutex_lock(&lock);
    line.open_error = 0;
    pthread_mutex_unlock(&lock);
    finish(&r);
    assert_string_equal(line.sent, "one\ntwo\n");
}

static void an_output_whose_receiver_is_gone_for_good_is_done(void **state)
{
    struct running r;

    (void)state;
    line.gone = true;
    line.send_error = -EPIPE;
    line.send_errors = 1;
    start(&r, &stream);
    put(&r, 1, "one\n");
    pthread_join(r.output.thread, NULL);
    assert_true(output_done(&r.output));
    arena_free(&r.arena);
}

/* --- a stream whose acknowledgements are known ------------------------------------------ */

static void a_broken_streams_lines_are_sent_again_if_unacknowledged_or_recent(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &kept, &encoder_influx, 60000000000);
    put(&r, 1, "one\n");
    wait_sent("one\n");
    read_peer();
    wait_for(&r, SENT_LINES, 1);
    put(&r, 2, "two\nthree\n");
    wait_sent("one\ntwo\nthree\n");
    platform_sleep_ns(30000000);
    assert_int_equal(counted(&r, SENT_LINES), 1);
    assert_int_equal(output_left(&r.output), 2);
    break_socket();
    wait_sent("one\ntwo\nthree\none\ntwo\nthree\n");
    read_peer();
    wait_for(&r, SENT_LINES, 3);
    assert_int_equal(counted(&r, RECONNECTS), 1);
    assert_int_equal(counted(&r, SEND_ERRORS), 1);
    finish(&r);
    assert_int_equal(counted(&r, SENT_LINES), 3); /* each once */
    assert_int_equal(counted(&r, DROPPED_LINES), 0);
}

static void a_streams_lines_are_not_sent_again_once_long_acknowledged(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &kept, &encoder_influx, 20000000);
    put(&r, 1, "one\n");
    wait_sent("one\n");
    read_peer();
    wait_for(&r, SENT_LINES, 1);
    platform_sleep_ns(40000000);
    break_socket();
    wait_for(&r, SEND_ERRORS, 1);
    put(&r, 2, "two\n");
    wait_sent("one\ntwo\n");
    finish(&r);
    assert_string_equal(line.sent, "one\ntwo\n");
    assert_int_equal(counted(&r, SENT_LINES), 2);
}

/* Of a receiver that fell silent nobody knows since when it stored nothing. */
static void what_was_acknowledged_just_before_a_silence_is_sent_again(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &kept, &encoder_influx, 500000000);
    put(&r, 1, "one\n");
    wait_sent("one\n");
    read_peer();
    wait_for(&r, SENT_LINES, 1);
    put(&r, 2, "two\n");
    wait_sent("one\ntwo\n");
    platform_sleep_ns(1000000000);
    break_socket();
    wait_sent("one\ntwo\none\ntwo\n");
    finish(&r);
    assert_int_equal(counted(&r, SENT_LINES), 2);
}

/* What a Unix socket's receiver did not read is gone with it, though its queue is empty then. */
static void what_a_receiver_left_unread_at_its_end_is_sent_again(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &kept, &encoder_influx, 0);
    put(&r, 1, "one\n");
    wait_sent("one\n");
    pthread_mutex_lock(&lock);
    close_peer();
    pthread_mutex_unlock(&lock);
    wait_for(&r, SEND_ERRORS, 1);
    put(&r, 2, "two\n");
    wait_sent("one\none\ntwo\n");
    finish(&r);
    assert_int_equal(counted(&r, SENT_LINES), 2);
}

static void put_with_increment(struct running *r, uint64_t poll, const char *text, size_t gauges, uint64_t partial)
{
    static const uint8_t counter[] = {ADDED_PARTIAL_POLLS};
    const struct added added = {.n[ADDED_PARTIAL_POLLS] = partial};
    struct lines lines = lines_of(poll, text);

    lines.gauges = gauges;
    lines.added = &added;
    lines.counter = counter;
    output_put(&r->output, &lines, 0, true);
}

static void without_their_time_only_the_newest_gauges_are_sent_again_and_increments_are_owed(void **state)
{
    struct running r;
    struct added owed;

    (void)state;
    start_as(&r, &kept, &encoder_dogstatsd, 60000000000);
    put_with_increment(&r, 1, "g1\ni1\n", 3, 1);
    wait_sent("g1\ni1\n");
    read_peer();
    wait_for(&r, SENT_LINES, 2);
    put_with_increment(&r, 2, "g2\ni2\n", 3, 20);
    wait_sent("g1\ni1\ng2\ni2\n");
    put_with_increment(&r, 3, "g3\ni3\n", 3, 300);
    wait_sent("g1\ni1\ng2\ni2\ng3\ni3\n");
    assert_false(output_take_owed(&r.output, &owed));
    break_socket();
    wait_sent("g1\ni1\ng2\ni2\ng3\ni3\ng3\ni3\n");
    assert_int_equal(counted(&r, DROPPED_LINES), 2);
    assert_true(output_take_owed(&r.output, &owed));
    assert_int_equal(owed.n[ADDED_PARTIAL_POLLS], 20);
    assert_false(output_take_owed(&r.output, &owed));
    read_peer();
    wait_for(&r, SENT_LINES, 4);
    break_socket();
    wait_for(&r, SEND_ERRORS, 2);
    wait_sent("g1\ni1\ng2\ni2\ng3\ni3\ng3\ni3\ng3\n"); /* increments that were delivered are not */
    finish(&r);
    assert_int_equal(counted(&r, SENT_LINES), 4);
    assert_false(output_take_owed(&r.output, &owed));
}

static void lines_that_lack_their_time_are_not_kept_for_a_stream(void **state)
{
    const struct lines lines = lines_of(1, "one\ntwo\n");
    struct running r;

    (void)state;
    start_as(&r, &kept, &encoder_influx, 0);
    output_put(&r.output, &lines, 0, false);
    assert_int_equal(counted(&r, DROPPED_LINES), 2);
    put(&r, 2, "three\n");
    wait_sent("three\n");
    finish(&r);
}

static void line_lengths_are_the_transports(void **state)
{
    struct endpoint to = {.kind = &output_udp};

    (void)state;
    assert_int_equal(output_line_max(&to, 1432), 1432);
    to.kind = &output_unix;
    assert_int_equal(output_line_max(&to, 1432), 8192);
    to.kind = &output_stdout;
    assert_true(output_line_max(&to, 512) > 8192);
    assert_ptr_equal(output_kind_find("udp"), &output_udp);
    assert_ptr_equal(output_kind_find("unixstream"), &output_unixstream);
    assert_null(output_kind_find("tcp4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_are_sent_in_order_and_counted, reset),
        cmocka_unit_test_setup(a_streams_lines_wait_for_its_receiver, reset),
        cmocka_unit_test_setup(a_streams_chunk_that_failed_is_sent_over_the_next_connection, reset),
        cmocka_unit_test_setup(a_datagram_that_cannot_go_now_never_will, reset),
        cmocka_unit_test_setup(only_for_a_stream_that_was_found_do_lines_wait, reset),
        cmocka_unit_test_setup(a_datagram_gets_one_more_try_over_a_new_socket, reset),
        cmocka_unit_test_setup(lines_too_long_for_the_output_count_as_dropped, reset),
        cmocka_unit_test_setup(what_a_dead_stream_cannot_take_is_left_at_the_end, reset),
        cmocka_unit_test_setup(an_output_whose_receiver_is_gone_for_good_is_done, reset),
        cmocka_unit_test_setup(a_broken_streams_lines_are_sent_again_if_unacknowledged_or_recent, reset),
        cmocka_unit_test_setup(a_streams_lines_are_not_sent_again_once_long_acknowledged, reset),
        cmocka_unit_test_setup(what_was_acknowledged_just_before_a_silence_is_sent_again, reset),
        cmocka_unit_test_setup(what_a_receiver_left_unread_at_its_end_is_sent_again, reset),
        cmocka_unit_test_setup(without_their_time_only_the_newest_gauges_are_sent_again_and_increments_are_owed, reset),
        cmocka_unit_test_setup(lines_that_lack_their_time_are_not_kept_for_a_stream, reset),
        cmocka_unit_test(line_lengths_are_the_transports),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
