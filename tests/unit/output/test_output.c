/* An output's thread with a fake transport, in virtual time. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "unit/output/fake_transport.h"

#define LONGEST_PAUSE_NS (6 * MS)      /* the fake transports' 5 ms, and less than 1 ms more of the wait */
#define REPLAY_NS        (30 * SECOND) /* the default of SOCKPUSH_REPLAY */

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

static void lines_are_sent_in_order_and_counted(void **state)
{
    struct running r;

    (void)state;
    start(&r, &fake_stream);
    put(&r, 1, "one\ntwo\n");
    put(&r, 2, "three three three\nfour four\nfive\n");
    finish_line(&r);
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
    start(&r, &fake_stream);
    put(&r, 1, "one\n");
    put(&r, 2, "two\n");
    wait_for_more(&r, SEND_ERRORS, 2); /* it retries again and again */
    assert_int_equal(output_left(&r.output), 2);
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 2);
    finish_line(&r);
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
    start(&r, &fake_stream);
    put(&r, 1, "one\ntwo\n");
    wait_for(&r, SENT_LINES, 2);
    finish_line(&r);
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
    start(&r, &fake_datagram);
    put(&r, 1, "one\ntwo two two two two\nthree\n");
    wait_for(&r, DROPPED_LINES, 3);
    assert_int_equal(output_left(&r.output), 0);
    line_fail(0, 0, 0);
    clock_pass(&r.output, LONGEST_PAUSE_NS);
    put(&r, 2, "four\n");
    wait_for(&r, SENT_LINES, 1);
    finish_line(&r);
    assert_string_equal(line.sent, "four\n");
}

/* Lets open give this result from now on. Returns after the longest pause before another try. */
static void answer(struct running *r, int open_error, bool as_stream)
{
    pthread_mutex_lock(&line_lock);
    line.open_error = open_error;
    line.stream = as_stream;
    pthread_mutex_unlock(&line_lock);
    clock_pass(&r->output, LONGEST_PAUSE_NS);
}

/* At unix:// the receiver's socket can be absent, then a stream, then a datagram socket. */
static void only_for_a_stream_that_was_found_do_lines_wait(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ENOENT;
    start(&r, &fake_either);
    put(&r, 1, "one\n");
    wait_for(&r, DROPPED_LINES, 1);
    answer(&r, 0, true);
    put(&r, 2, "two\n");
    wait_for(&r, SENT_LINES, 1);
    answer(&r, -ENOENT, true);
    line_fail(-ENOENT, -EPIPE, 1);
    put(&r, 3, "three\n");
    put(&r, 4, "four\n");
    answer(&r, 0, true);
    wait_for(&r, SENT_LINES, 3);
    answer(&r, -ENOENT, true);
    line_fail(-ENOENT, -EPIPE, 1);
    put(&r, 5, "five\n");
    put(&r, 6, "six\n");
    answer(&r, 0, false);
    wait_for(&r, DROPPED_LINES, 3);
    put(&r, 7, "seven\n");
    wait_for(&r, SENT_LINES, 4);
    finish_line(&r);
    assert_string_equal(line.sent, "two\nthree\nfour\nseven\n");
}

static void a_datagram_gets_one_more_try_over_a_new_socket(void **state)
{
    struct running r;

    (void)state;
    line.send_error = -ECONNREFUSED;
    line.send_errors = 1;
    start(&r, &fake_datagram);
    put(&r, 1, "one\n");
    wait_for(&r, SENT_LINES, 1);
    assert_int_equal(counted(&r, SEND_ERRORS), 1);
    assert_int_equal(counted(&r, RECONNECTS), 1);
    line_fail(0, -ECONNREFUSED, 2);
    put(&r, 2, "two\n");
    wait_for(&r, DROPPED_LINES, 1);
    finish_line(&r);
    assert_string_equal(line.sent, "one\n");
}

static void lines_too_long_for_the_output_count_as_dropped(void **state)
{
    const struct lines lines = lines_of("one\n");
    struct running r;

    (void)state;
    start(&r, &fake_stream);
    output_begin(&r.output, 1, true, false);
    output_add(&r.output, &lines);
    output_end(&r.output, 7);
    wait_for(&r, SENT_LINES, 1);
    assert_int_equal(counted(&r, DROPPED_LINES), 7);
    finish_line(&r);
}

static void what_a_dead_stream_cannot_take_is_left_at_the_end(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start(&r, &fake_stream);
    put(&r, 1, "one\ntwo\n");
    output_close(&r.output);
    clock_pass(&r.output, 60 * SECOND);
    assert_false(output_done(&r.output)); /* it still tries; main decides how long */
    assert_int_equal(output_left(&r.output), 2);
    line_fail(0, 0, 0);
    finish_line(&r);
    assert_string_equal(line.sent, "one\ntwo\n");
}

static void an_output_whose_receiver_is_gone_for_good_is_done(void **state)
{
    struct running r;

    (void)state;
    start_and_lose(&r);
    assert_true(output_done(&r.output));
    arena_free(&r.arena);
}

/* --- a stream whose acknowledgements are known ------------------------------------------ */

static void a_broken_streams_lines_are_sent_again_if_unacknowledged_or_recent(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, 10 * SECOND);
    put(&r, 1, "one\n");
    wait_sent(&r, "one\n");
    read_peer();
    wait_for(&r, SENT_LINES, 1);
    put(&r, 2, "two\nthree\n");
    wait_sent(&r, "one\ntwo\nthree\n");
    clock_pass(&r.output, 19 * SECOND); /* longer than that, though shorter than the limit of a receiver's silence */
    assert_int_equal(counted(&r, SENT_LINES), 1);
    assert_int_equal(output_left(&r.output), 2);
    break_socket();
    wait_sent(&r, "one\ntwo\nthree\none\ntwo\nthree\n");
    read_peer();
    wait_for(&r, SENT_LINES, 3);
    assert_int_equal(counted(&r, RECONNECTS), 1);
    assert_int_equal(counted(&r, SEND_ERRORS), 1);
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 3); /* each once */
    assert_int_equal(counted(&r, DROPPED_LINES), 0);
}

static void put_acknowledged(struct running *r, uint64_t poll, const char *text)
{
    uint64_t sent = counted(r, SENT_LINES);

    put(r, poll, text);
    while (counted(r, SENT_LINES) == sent) {
        if (line.peer >= 0)
            read_peer();
        assert_true(clock_step(&r->output));
    }
}

/* Acknowledges a line over a connection that has carried traffic for as long as lines are kept. The receiver ends
 * the connection ns later. */
static void end_good_connection_after(struct running *r, uint64_t ns)
{
    start_as(r, &fake_kept, &encoder_influx, REPLAY_NS);
    put_acknowledged(r, 1, "one\n");
    clock_pass(&r->output, REPLAY_NS);
    put_acknowledged(r, 2, "two\n");
    clock_pass(&r->output, ns);
    break_socket();
    put(r, 3, "three\n");
}

static void a_streams_lines_are_sent_again_just_before_the_window_ends(void **state)
{
    struct running r;

    (void)state;
    end_good_connection_after(&r, REPLAY_NS - MS);
    wait_sent(&r, "one\ntwo\ntwo\nthree\n");
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 3);
}

static void a_streams_lines_are_not_sent_again_once_long_acknowledged(void **state)
{
    struct running r;

    (void)state;
    end_good_connection_after(&r, REPLAY_NS);
    wait_sent(&r, "one\ntwo\nthree\n");
    finish_line(&r);
    assert_string_equal(line.sent, "one\ntwo\nthree\n");
    assert_int_equal(counted(&r, SENT_LINES), 3);
}

/* A proxy may have taken the lines for a receiver that is not there. */
static void what_went_over_a_connection_that_ended_early_is_in_doubt_however_long_ago(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, REPLAY_NS);
    put_acknowledged(&r, 1, "one\n");
    clock_pass(&r.output, 10 * REPLAY_NS);
    break_socket();
    put(&r, 2, "two\n");
    wait_sent(&r, "one\none\ntwo\n");
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 2);
}

static unsigned copies_of(const char *text)
{
    unsigned n = 0;

    for (const char *at = line.sent; (at = strstr(at, text)); at++)
        n++;
    return n;
}

/* Makes n connections. The receiver acknowledges one more line on each, and ends it after ns. */
static void end_each_after(struct running *r, unsigned n, uint64_t ns)
{
    char text[] = "line 00\n";

    for (unsigned i = 0; i < n; i++) {
        text[5] = (char)('0' + i / 10);
        text[6] = (char)('0' + i % 10);
        put_acknowledged(r, i + 1, text);
        clock_pass(&r->output, ns);
        break_socket();
        clock_rest(&r->output);
    }
}

/* SOCKPUSH_REPLAY counts from the first acknowledgement, so sending again does not prolong it. */
static void a_line_is_sent_again_for_as_long_as_it_is_kept_and_no_longer(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, 5 * SECOND);
    end_each_after(&r, 30, 2 * SECOND);
    for (unsigned i = 0; i < 26; i++) {
        char text[] = "line 00\n";

        text[5] = (char)('0' + i / 10);
        text[6] = (char)('0' + i % 10);
        assert_in_range(copies_of(text), 2, 3);
    }
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 30);
    assert_int_equal(counted(&r, SEND_ERRORS) + counted(&r, RECONNECTS) + counted(&r, DROPPED_LINES), 0);
}

/* One connection for each two seconds of SOCKPUSH_REPLAY. */
static void a_line_comes_over_so_many_connections_that_end_early(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, 8 * SECOND);
    end_each_after(&r, 40, 20 * SECOND);
    assert_int_equal(copies_of("line 00\n"), 4);
    assert_int_equal(copies_of("line 10\n"), 4);
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 40);
}

/* Without new lines there is no reason for a new connection. */
static void an_end_over_which_nothing_was_pending_is_no_error(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, REPLAY_NS);
    put_acknowledged(&r, 1, "one\n");
    break_socket();
    clock_pass(&r.output, 60 * SECOND);
    assert_int_equal(line.opened, 1);
    put(&r, 2, "two\n");
    assert_int_equal(line.opened, 2);
    finish_line(&r);
    assert_int_equal(counted(&r, SEND_ERRORS) + counted(&r, RECONNECTS) + counted(&r, DROPPED_LINES), 0);
}

/* At the end no later time is left for it. */
static void what_is_in_doubt_is_sent_again_at_the_end(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, REPLAY_NS);
    put_acknowledged(&r, 1, "one\n");
    break_socket();
    clock_rest(&r.output);
    finish_line(&r);
    assert_string_equal(line.sent, "one\none\n");
    assert_int_equal(counted(&r, SENT_LINES), 1);
}

/* --- lines that break connections --------------------------------------------------------- */

static bool all_break; /* whatever the lines are */

/* Drains the connection, or closes the socket if a bad line is in it. Returns false if nothing was there. */
static bool read_or_break(void)
{
    char in[4096];
    ssize_t n = line.peer < 0 ? -1 : recv(line.peer, in, sizeof in - 1, MSG_PEEK);

    if (n <= 0)
        return false;
    in[n] = '\0';
    if (all_break || strstr(in, "bad"))
        close_peer();
    else
        read_peer();
    return true;
}

static void go_on_with_a_picky_receiver(struct running *r, uint64_t ns)
{
    uint64_t until_ns = platform_monotonic_ns() + ns;

    while (platform_monotonic_ns() < until_ns) {
        clock_rest(&r->output);
        if (!read_or_break())
            clock_pass(&r->output, 100 * MS);
    }
}

static void start_picky(struct running *r)
{
    static struct transport picky;

    picky = fake_kept;
    picky.backoff_max_ms = output_tcp.backoff_max_ms;
    start_as(r, &picky, &encoder_influx, 0);
    put(r, 1, "one\n");
    put(r, 2, "bad\n");
    put(r, 3, "three\n");
    put(r, 4, "four\n");
}

static void a_line_that_breaks_each_connection_is_dropped_and_the_others_arrive(void **state)
{
    struct running r;

    (void)state;
    all_break = false;
    start_picky(&r);
    for (uint64_t poll = 5; poll < 25; poll++) {
        put(&r, poll, "more\n");
        go_on_with_a_picky_receiver(&r, 10 * SECOND);
        assert_true(output_left(&r.output) <= 6); /* the newest are delivered within a minute */
    }
    assert_int_equal(counted(&r, SENT_LINES), 23);
    assert_int_equal(counted(&r, DROPPED_LINES), 1);
    assert_string_equal(r.output.trouble.why, "every connection that carries them breaks");
    finish_line(&r);
}

/* The reason is not the lines then. */
static void nothing_is_dropped_while_all_lines_break_connections(void **state)
{
    struct running r;

    (void)state;
    all_break = true;
    start_picky(&r);
    go_on_with_a_picky_receiver(&r, 3600 * SECOND);
    assert_int_equal(counted(&r, SENT_LINES) + counted(&r, DROPPED_LINES), 0);
    all_break = false;
    go_on_with_a_picky_receiver(&r, 300 * SECOND);
    assert_int_equal(counted(&r, SENT_LINES), 3);
    assert_int_equal(output_left(&r.output), 1);
    abandon_line(&r);
}

/* Stores what fits, and refuses the request for the rest. */
static int send_refused(struct link *l, const char *lines, size_t len)
{
    (void)l;
    memcpy(line.sent + line.len, lines, len);
    line.len += len;
    return memmem(lines, len, "bad", 3) ? -EBADMSG : 0;
}

/* Takes two lines at most. */
static int send_little(struct link *l, const char *lines, size_t len)
{
    unsigned n = 0;

    (void)l;
    for (size_t i = 0; i < len; i++)
        n += lines[i] == '\n';
    if (n > 2 || memmem(lines, len, "long", 4))
        return -E2BIG;
    memcpy(line.sent + line.len, lines, len);
    line.len += len;
    return 0;
}

static void start_strict(struct running *r, int (*send)(struct link *, const char *, size_t))
{
    static struct transport strict;

    strict = fake_kept;
    strict.acknowledged = ACKNOWLEDGED_BY_ANSWER;
    strict.batch_max = 1000;
    strict.send = send;
    line.open_error = -ECONNREFUSED;
    start_as(r, &strict, &encoder_influx, REPLAY_NS);
}

static void what_is_too_much_at_once_is_halved_until_it_fits(void **state)
{
    struct running r;

    (void)state;
    start_strict(&r, send_little);
    for (uint64_t poll = 1; poll <= 8; poll++)
        put(&r, poll, poll == 5 ? "long\n" : "line\n");
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 7);
    assert_int_equal(counted(&r, DROPPED_LINES), 1);
    assert_string_equal(line.sent, "line\nline\nline\nline\nline\nline\nline\n");
    finish_line(&r);
}

static void lines_that_were_refused_with_others_are_sent_once_more_alone(void **state)
{
    struct running r;

    (void)state;
    start_strict(&r, send_refused);
    put(&r, 1, "one\n"); /* is sent alone, because the receiver was away */
    put(&r, 2, "bad\n");
    put(&r, 3, "three\n");
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 2);
    assert_int_equal(counted(&r, DROPPED_LINES), 1);
    put(&r, 4, "four\n");
    assert_string_equal(line.sent, "one\nbad\nthree\nbad\nthree\nfour\n");
    finish_line(&r);
}

static size_t noted_len[LINE_TIMES];

/* Notes how much it is, and takes it unless it is to fail. */
static int send_noted(struct link *l, const char *lines, size_t len)
{
    (void)l, (void)lines;
    assert_true(line.n_sent < LINE_TIMES);
    noted_len[line.n_sent++] = len;
    return line.send_error;
}

static void a_receiver_that_was_away_or_is_busy_gets_little_until_it_takes_it(void **state)
{
    struct running r;

    (void)state;
    start_strict(&r, send_noted);
    for (uint64_t poll = 1; poll <= 9; poll++)
        put(&r, poll, "line\n");
    line_fail(0, -EBUSY, 0);
    wait_for_more(&r, SEND_ERRORS, 3);
    line_fail(0, 0, 0);
    wait_for(&r, SENT_LINES, 9);
    for (unsigned i = 0; i + 1 < line.n_sent; i++)
        assert_int_equal(noted_len[i], 5);
    assert_true(line.n_sent > 3);
    assert_int_equal(noted_len[line.n_sent - 1], 8 * 5);
    finish_line(&r);
}

/* A receiver that fell silent may have stopped storing at any earlier time. */
static void what_was_acknowledged_just_before_a_silence_is_sent_again(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, 5 * SECOND);
    put(&r, 1, "one\n");
    wait_sent(&r, "one\n");
    read_peer();
    wait_for(&r, SENT_LINES, 1);
    put(&r, 2, "two\n");
    wait_sent(&r, "one\ntwo\n");
    clock_pass(&r.output, 19 * SECOND);
    break_socket();
    wait_sent(&r, "one\ntwo\none\ntwo\n");
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 2);
}

/* Nothing else reveals it at a Unix socket, once the limit of bytes under way is reached. */
static void a_receiver_that_takes_nothing_for_20_s_is_given_up(void **state)
{
    struct running r;
    uint64_t since_ns;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, 0);
    put(&r, 1, "one\n");
    read_peer();
    clock_pass(&r.output, 60 * SECOND); /* nothing is under way, so this is not silence */
    assert_int_equal(counted(&r, SENT_LINES), 1);
    since_ns = platform_monotonic_ns();
    put(&r, 2, "two\n");
    wait_for(&r, SEND_ERRORS, 1);
    assert_in_range(platform_monotonic_ns() - since_ns, 20 * SECOND, 21 * SECOND);
    assert_string_equal(r.output.trouble.why, "the receiver took nothing for 20 s");
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 2);
}

/* A Unix socket's receiver loses all that it did not read, though its queue is empty then. */
static void what_a_receiver_left_unread_at_its_end_is_sent_again(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, 0);
    put(&r, 1, "one\n");
    wait_sent(&r, "one\n");
    close_peer();
    wait_for(&r, SEND_ERRORS, 1);
    put(&r, 2, "two\n");
    wait_sent(&r, "one\none\ntwo\n");
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 2);
}

static void put_with_increment(struct running *r, uint64_t poll, const char *text, size_t gauges, uint64_t partial)
{
    const struct increment increment = {ADDED_PARTIAL_POLLS, partial};
    struct lines lines = lines_of(text);

    lines.gauges = gauges;
    lines.increment = &increment;
    put_lines(&r->output, poll, &lines);
}

static void without_their_time_only_the_newest_gauges_are_sent_again_and_increments_are_pending(void **state)
{
    struct running r;
    uint64_t n[ADDED] = {0};
    struct added pending = {.n = n, .count = ADDED};

    (void)state;
    start_as(&r, &fake_kept, &encoder_dogstatsd, 60 * SECOND);
    put_with_increment(&r, 1, "g1\ni1\n", 3, 1);
    wait_sent(&r, "g1\ni1\n");
    read_peer();
    wait_for(&r, SENT_LINES, 2);
    put_with_increment(&r, 2, "g2\ni2\n", 3, 20);
    wait_sent(&r, "g1\ni1\ng2\ni2\n");
    put_with_increment(&r, 3, "g3\ni3\n", 3, 300);
    wait_sent(&r, "g1\ni1\ng2\ni2\ng3\ni3\n");
    assert_false(output_take_pending(&r.output, &pending));
    break_socket();
    wait_sent(&r, "g1\ni1\ng2\ni2\ng3\ni3\ng3\ni3\n");
    assert_int_equal(counted(&r, DROPPED_LINES), 2);
    assert_true(output_take_pending(&r.output, &pending));
    assert_int_equal(n[ADDED_PARTIAL_POLLS], 20);
    assert_false(output_take_pending(&r.output, &pending));
    read_peer();
    wait_for(&r, SENT_LINES, 4);
    line_fail(0, -ECONNRESET, 1);
    put_with_increment(&r, 4, "g4\ni4\n", 3, 4000);
    wait_sent(&r, "g1\ni1\ng2\ni2\ng3\ni3\ng3\ni3\ng4\ni4\n"); /* nothing that was delivered comes again */
    read_peer();
    wait_for(&r, SENT_LINES, 6);
    assert_false(output_take_pending(&r.output, &pending));
    finish_line(&r);
}

static void lines_that_lack_their_time_are_not_kept_for_a_stream(void **state)
{
    const struct lines lines = lines_of("one\ntwo\n");
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, 0);
    output_begin(&r.output, 1, false, false);
    output_add(&r.output, &lines);
    output_end(&r.output, 0);
    assert_int_equal(counted(&r, DROPPED_LINES), 2);
    put(&r, 2, "three\n");
    wait_sent(&r, "three\n");
    finish_line(&r);
}

static void line_lengths_are_the_transports(void **state)
{
    (void)state;
    assert_int_equal(transport_line_max(&output_udp, 1432), 1432);
    assert_int_equal(transport_line_max(&output_unix, 1432), 8192);
    assert_true(transport_line_max(&output_stdout, 512) > 8192);
    assert_ptr_equal(transport_find("udp"), &output_udp);
    assert_ptr_equal(transport_find("unixstream"), &output_unixstream);
    assert_null(transport_find("tcp4"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lines_are_sent_in_order_and_counted, line_reset),
        cmocka_unit_test_setup(a_streams_lines_wait_for_its_receiver, line_reset),
        cmocka_unit_test_setup(a_streams_chunk_that_failed_is_sent_over_the_next_connection, line_reset),
        cmocka_unit_test_setup(a_datagram_that_cannot_go_now_never_will, line_reset),
        cmocka_unit_test_setup(only_for_a_stream_that_was_found_do_lines_wait, line_reset),
        cmocka_unit_test_setup(a_datagram_gets_one_more_try_over_a_new_socket, line_reset),
        cmocka_unit_test_setup(lines_too_long_for_the_output_count_as_dropped, line_reset),
        cmocka_unit_test_setup(what_a_dead_stream_cannot_take_is_left_at_the_end, line_reset),
        cmocka_unit_test_setup(an_output_whose_receiver_is_gone_for_good_is_done, line_reset),
        cmocka_unit_test_setup(a_broken_streams_lines_are_sent_again_if_unacknowledged_or_recent, line_reset),
        cmocka_unit_test_setup(a_streams_lines_are_sent_again_just_before_the_window_ends, line_reset),
        cmocka_unit_test_setup(a_streams_lines_are_not_sent_again_once_long_acknowledged, line_reset),
        cmocka_unit_test_setup(what_went_over_a_connection_that_ended_early_is_in_doubt_however_long_ago, line_reset),
        cmocka_unit_test_setup(a_line_is_sent_again_for_as_long_as_it_is_kept_and_no_longer, line_reset),
        cmocka_unit_test_setup(a_line_comes_over_so_many_connections_that_end_early, line_reset),
        cmocka_unit_test_setup(an_end_over_which_nothing_was_pending_is_no_error, line_reset),
        cmocka_unit_test_setup(what_is_in_doubt_is_sent_again_at_the_end, line_reset),
        cmocka_unit_test_setup(a_line_that_breaks_each_connection_is_dropped_and_the_others_arrive, line_reset),
        cmocka_unit_test_setup(nothing_is_dropped_while_all_lines_break_connections, line_reset),
        cmocka_unit_test_setup(lines_that_were_refused_with_others_are_sent_once_more_alone, line_reset),
        cmocka_unit_test_setup(a_receiver_that_was_away_or_is_busy_gets_little_until_it_takes_it, line_reset),
        cmocka_unit_test_setup(what_is_too_much_at_once_is_halved_until_it_fits, line_reset),
        cmocka_unit_test_setup(what_was_acknowledged_just_before_a_silence_is_sent_again, line_reset),
        cmocka_unit_test_setup(a_receiver_that_takes_nothing_for_20_s_is_given_up, line_reset),
        cmocka_unit_test_setup(what_a_receiver_left_unread_at_its_end_is_sent_again, line_reset),
        cmocka_unit_test_setup(without_their_time_only_the_newest_gauges_are_sent_again_and_increments_are_pending,
                               line_reset),
        cmocka_unit_test_setup(lines_that_lack_their_time_are_not_kept_for_a_stream, line_reset),
        cmocka_unit_test(line_lengths_are_the_transports),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
