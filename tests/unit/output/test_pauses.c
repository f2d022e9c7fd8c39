/* Pauses between two attempts to open a connection, and between datagrams. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/output/fake_transport.h"

/* Replaces platform/posix/random.c: draws the longest pause. */
static unsigned drawn_below;

uint32_t platform_random(uint32_t below)
{
    drawn_below = below;
    return below - 1;
}

int platform_secret(void *out, size_t len)
{
    (void)out, (void)len;
    return -ENOSYS;
}

/* The fake transports with the pauses of the network transports. */
static struct transport stream, datagram, kept;

static int set_up(void **state)
{
    stream = fake_stream;
    datagram = fake_datagram;
    kept = fake_kept;
    stream.backoff_max_ms = datagram.backoff_max_ms = kept.backoff_max_ms = output_tcp.backoff_max_ms;
    drawn_below = 0;
    return line_reset(state);
}

/* Asserts the pause before attempt i. A wait is up to a millisecond longer than the number drawn. */
static void assert_pause(unsigned i, unsigned ms)
{
    assert_in_range(line.tried_ns[i] - line.tried_ns[i - 1], ms * MS, ms * MS + MS);
}

static void pauses_double_from_half_a_second_to_half_a_minute(void **state)
{
    static const unsigned pause_ms[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    struct running r;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start(&r, &stream);
    put(&r, 1, "one\n");
    for (unsigned i = 0; i < COUNT_OF(pause_ms); i++) {
        assert_int_equal(line.tried, i + 1);
        assert_int_equal(drawn_below, pause_ms[i] + 1); /* full jitter: any pause from 0 to the maximum */
        wait_for_more(&r, SEND_ERRORS, 1);
        assert_pause(i + 1, pause_ms[i]);
    }
    line_fail(0, 0, 0);
    finish_line(&r);
    assert_string_equal(line.sent, "one\n");
}

static void a_new_snapshot_does_not_shorten_a_pause(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start(&r, &stream);
    put(&r, 1, "one\n");
    clock_pass(&r.output, 499 * MS);
    put(&r, 2, "two\n");
    assert_int_equal(line.tried, 1);
    clock_pass(&r.output, 2 * MS);
    assert_int_equal(line.tried, 2);
    line_fail(0, 0, 0);
    finish_line(&r);
}

/* Breaks the connection after after_ns. A pause of pause_ms follows, then a new connection. */
static void break_and_pause(struct running *r, uint64_t after_ns, unsigned pause_ms)
{
    unsigned opened = line.opened;

    clock_pass(&r->output, after_ns);
    break_socket();
    clock_rest(&r->output);
    assert_int_equal(drawn_below, pause_ms + 1);
    clock_pass(&r->output, pause_ms * MS - MS);
    assert_int_equal(line.opened, opened);
    clock_pass(&r->output, 2 * MS);
    assert_int_equal(line.opened, opened + 1);
}

static void only_a_connection_that_held_a_second_or_delivered_makes_pauses_short_again(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &kept, &encoder_influx, 0);
    put(&r, 1, "one\n");
    break_and_pause(&r, 0, 500);
    break_and_pause(&r, 0, 1000);
    break_and_pause(&r, 990 * MS, 2000);
    break_and_pause(&r, SECOND, 500);
    break_and_pause(&r, 0, 1000);
    read_peer();
    clock_pass(&r.output, 20 * MS);
    put(&r, 2, "two\n");
    break_and_pause(&r, 0, 500);
    finish_line(&r);
}

/* Lines that cannot be sent now are dropped. The output does not wait for its receiver. */
static void datagrams_during_a_pause_are_dropped_without_a_try(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ENOENT;
    start(&r, &datagram);
    for (uint64_t poll = 1; poll <= 5; poll++) {
        put(&r, poll, "one\n");
        assert_int_equal(counted(&r, DROPPED_LINES), poll);
        assert_int_equal(line.tried, poll < 5 ? 1 : 2);
        clock_pass(&r.output, 125 * MS);
    }
    line_fail(0, 0, 0);
    clock_pass(&r.output, SECOND);
    put(&r, 6, "six\n");
    assert_int_equal(counted(&r, SENT_LINES), 1);
    finish_line(&r);
    assert_string_equal(line.sent, "six\n");
}

/* --- a receiver that limits the next try ---------------------------------------------- */

static unsigned retry_after_ms;

static int send_busy(struct link *l, const char *lines, size_t len)
{
    int ret = stream.send(l, lines, len);

    l->wait_ms = ret ? retry_after_ms : 0;
    return ret;
}

/* Starts an output whose receiver asks for a pause of ms, n times. */
static void start_busy(struct running *r, unsigned ms, int n)
{
    static struct transport busy;

    busy = stream;
    busy.acknowledged = ACKNOWLEDGED_BY_ANSWER;
    busy.send = send_busy;
    retry_after_ms = ms;
    line_fail(0, -EBUSY, n);
    start(r, &busy);
    put(r, 1, "one\n");
}

static void a_receivers_word_is_kept_with_a_quarter_of_jitter(void **state)
{
    struct running r;

    (void)state;
    start_busy(&r, 7000, 1);
    assert_int_equal(drawn_below, 1751);
    wait_for(&r, SENT_LINES, 1);
    assert_pause(1, 7000 + 1750);
    finish_line(&r);
}

/* 10,000 machines that are asked for a second each time must not come each second. */
static void a_word_that_is_repeated_is_kept_with_growing_jitter(void **state)
{
    static const unsigned jitter_ms[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct running r;

    (void)state;
    start_busy(&r, 1000, COUNT_OF(jitter_ms));
    for (unsigned i = 0; i < COUNT_OF(jitter_ms); i++) {
        assert_int_equal(drawn_below, jitter_ms[i] + 1);
        clock_pass(&r.output, (1000 + jitter_ms[i]) * MS + MS);
    }
    assert_int_equal(counted(&r, SENT_LINES), 1);
    finish_line(&r);
}

static void an_hour_is_kept_with_half_a_minute_of_jitter(void **state)
{
    struct running r;

    (void)state;
    start_busy(&r, 3600000, 1);
    assert_int_equal(drawn_below, 30001);
    clock_pass(&r.output, 3600 * SECOND + 31 * SECOND);
    assert_int_equal(counted(&r, SENT_LINES), 1);
    finish_line(&r);
}

/* The program gives its outputs 5 s at the end. */
static void at_the_end_a_receivers_word_is_kept_if_there_is_time(void **state)
{
    struct running r;

    (void)state;
    start_busy(&r, 4000, 1);
    finish_line(&r);
    assert_pause(1, 4000 + 1000);
    assert_string_equal(line.sent, "one\n");
}

static void at_the_end_nothing_waits_for_a_receiver_that_asked_for_more_time(void **state)
{
    struct running r;
    uint64_t before = platform_monotonic_ns();

    (void)state;
    start_busy(&r, 4004, 1);
    finish_line(&r);
    assert_int_equal(platform_monotonic_ns(), before);
    assert_int_equal(output_left(&r.output), 1);
}

static void at_the_end_it_is_tried_at_once_and_then_often(void **state)
{
    struct running r;
    unsigned tried;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start(&r, &stream);
    put(&r, 1, "one\n");
    clock_pass(&r.output, 40 * SECOND);
    tried = line.tried;
    output_close(&r.output);
    clock_rest(&r.output);
    assert_int_equal(line.tried, tried + 1);
    clock_pass(&r.output, SECOND);
    assert_int_equal(line.tried, tried + 4);
    for (unsigned i = tried + 1; i < line.tried; i++)
        assert_pause(i, 250);
    line_fail(0, 0, 0);
    finish_line(&r);
}

/* --- datagrams of one snapshot ----------------------------------------------------------- */

static void spread(uint64_t interval_ns, uint64_t eighth_ns)
{
    const struct endpoint endpoint = {.name = "test:", .format = &encoder_dogstatsd, .transport = &datagram};
    struct output_limits limits = small_limits;
    char text[20 * 20 + 1] = "";
    struct running r;

    for (int i = 0; i < 20; i++)
        strcat(text, "a line of 20 bytes.\n");
    limits.interval_ns = interval_ns;
    limits.snapshot_max = sizeof text;
    start_to(&r, &endpoint, &limits);
    put(&r, 1, text);
    assert_int_equal(line.n_sent, 8);
    clock_pass(&r.output, interval_ns);
    assert_int_equal(line.n_sent, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(line.sent_ns[i], line.sent_ns[0] + i / 8 * eighth_ns);
    put(&r, 2, text);
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 40);
}

/* 20 datagrams: eight, then eight, then four. */
static void datagrams_are_spread_over_a_quarter_of_the_interval(void **state)
{
    (void)state;
    spread(SECOND, 250 * MS / 20 * 8);
}

static void datagrams_are_spread_over_half_a_second_at_most(void **state)
{
    (void)state;
    spread(10 * SECOND, 500 * MS / 20 * 8);
}

/* --- the log ---------------------------------------------------------------------------- */

static int kept_stderr, log_pipe[2];

static void catch_log(void)
{
    kept_stderr = dup(STDERR_FILENO);
    assert_int_equal(pipe(log_pipe), 0);
    dup2(log_pipe[1], STDERR_FILENO);
    log_set_level(LOG_INFO);
}

/* Returns the log since the last call; *lines is its number of lines. */
static const char *caught_log(int *lines)
{
    static char text[4096];
    ssize_t n;

    log_set_level(LOG_ERROR);
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(log_pipe[1]);
    n = read(log_pipe[0], text, sizeof text - 1);
    close(log_pipe[0]);
    assert_true(n > 0);
    text[n] = '\0';
    *lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        ++*lines;
    return text;
}

static void trouble_is_reported_when_it_begins_and_with_its_length_when_it_ends(void **state)
{
    struct running r;
    const char *text;
    int n;

    (void)state;
    catch_log();
    line.open_error = -ECONNREFUSED;
    start(&r, &stream);
    put(&r, 1, "one\n");
    clock_pass(&r.output, 100 * SECOND);
    line_fail(0, 0, 0);
    clock_pass(&r.output, 30 * SECOND);
    text = caught_log(&n);
    assert_int_equal(counted(&r, SENT_LINES), 1);
    finish_line(&r);
    assert_non_null(strstr(text, " warn output=test: msg=\"cannot open: Connection refused; retrying\"\n"));
    /* the tries were at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5 and 121.5 s */
    assert_non_null(strstr(text, " info output=test: msg=\"sending again, after 9 errors in 121 s\"\n"));
    assert_int_equal(n, 2);
}

/* A reader of the log learns of lost lines whether the receiver is away or reads too little. Counters alone would
 * not show it. */
static void lines_dropped_for_want_of_room_are_reported_once_and_when_it_is_over(void **state)
{
    static char snapshot[100];
    struct running r;
    const char *text;
    uint64_t poll = 0, dropped;
    int n;

    (void)state;
    memset(snapshot, 'x', sizeof snapshot - 2);
    snapshot[sizeof snapshot - 2] = '\n';
    catch_log();
    start_as(&r, &kept, &encoder_influx, 0);
    do
        put(&r, ++poll, snapshot); /* nobody drains them */
    while (counted(&r, DROPPED_LINES) < 5 && poll < 1000);
    for (int i = 0; i < 4; i++) { /* each time as much as may be under way */
        read_peer();
        clock_pass(&r.output, 2 * SECOND);
    }
    put(&r, ++poll, "two\n");
    put(&r, ++poll, "three\n");
    dropped = counted(&r, DROPPED_LINES);
    text = caught_log(&n);
    abandon_line(&r);
    assert_int_equal(dropped, 5);
    assert_non_null(strstr(text, " warn output=test: msg=\"lines are dropped: there is no room for them; "
                                 "the oldest go first\"\n"));
    assert_non_null(strstr(text, " info output=test: msg=\"lines are sent in time again, after 5 snapshots in "));
    assert_int_equal(n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pauses_double_from_half_a_second_to_half_a_minute, set_up),
        cmocka_unit_test_setup(a_new_snapshot_does_not_shorten_a_pause, set_up),
        cmocka_unit_test_setup(only_a_connection_that_held_a_second_or_delivered_makes_pauses_short_again, set_up),
        cmocka_unit_test_setup(datagrams_during_a_pause_are_dropped_without_a_try, set_up),
        cmocka_unit_test_setup(a_receivers_word_is_kept_with_a_quarter_of_jitter, set_up),
        cmocka_unit_test_setup(a_word_that_is_repeated_is_kept_with_growing_jitter, set_up),
        cmocka_unit_test_setup(an_hour_is_kept_with_half_a_minute_of_jitter, set_up),
        cmocka_unit_test_setup(at_the_end_a_receivers_word_is_kept_if_there_is_time, set_up),
        cmocka_unit_test_setup(at_the_end_nothing_waits_for_a_receiver_that_asked_for_more_time, set_up),
        cmocka_unit_test_setup(at_the_end_it_is_tried_at_once_and_then_often, set_up),
        cmocka_unit_test_setup(datagrams_are_spread_over_a_quarter_of_the_interval, set_up),
        cmocka_unit_test_setup(datagrams_are_spread_over_half_a_second_at_most, set_up),
        cmocka_unit_test_setup(trouble_is_reported_when_it_begins_and_with_its_length_when_it_ends, set_up),
        cmocka_unit_test_setup(lines_dropped_for_want_of_room_are_reported_once_and_when_it_is_over, set_up),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("pauses", tests, NULL, NULL);
}
