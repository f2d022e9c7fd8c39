/* An output's thread, with a transport that does as it is told. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "helper.h"
#include "output.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int open_error, send_error; /* what the transport is told to answer */
    int send_errors;            /* so many times; then 0 */
    bool gone, stream;
    unsigned opened, closed, tried;
    char sent[4096];
    size_t len;
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

struct running {
    struct output output;
    struct endpoint to;
    struct arena arena;
};

static void start(struct running *r, const struct output_kind *kind)
{
    const struct output_limits limits = {.mtu = 512, .buffer = 4096, .snapshot_max = 200, .interval_ns = 1000000};

    memset(r, 0, sizeof *r);
    r->to = (struct endpoint){.name = "test:", .format = &encoder_dogstatsd, .kind = kind};
    assert_int_equal(output_start(&r->output, &r->to, &limits, &r->arena), 0);
}

static void put(struct running *r, uint64_t poll, const char *lines)
{
    output_put(&r->output, poll, lines, strlen(lines), 0);
}

static uint64_t counted(struct running *r, enum output_counter counter)
{
    return output_read_stats(&r->output).n[counter];
}

/* Until the counter stands there; a test that fails takes ten seconds. */
static void wait_for(struct running *r, enum output_counter counter, uint64_t value)
{
    for (int i = 0; i < 10000 && counted(r, counter) < value; i++)
        platform_sleep_ns(1000000);
    assert_int_equal(counted(r, counter), value);
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
    wait_for(&r, SEND_ERRORS, counted(&r, SEND_ERRORS) + 2); /* it is tried again and again */
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
    struct running r;

    (void)state;
    start(&r, &stream);
    output_put(&r.output, 1, "one\n", 4, 7);
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
        cmocka_unit_test(line_lengths_are_the_transports),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
