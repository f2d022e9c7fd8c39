/* How often an output checks for acknowledgements, and how long it waits for the end of its connection. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "unit/output/fake_transport.h"

/* The kernel reports no event for an acknowledgement. The output polls for it, often at first. */
static void acknowledgements_are_looked_for_after_a_millisecond_and_at_least_once_a_second(void **state)
{
    static const unsigned pause_ms[] = {1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000};
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, 0);
    put(&r, 1, "one\n");
    for (unsigned i = 0; i < COUNT_OF(pause_ms); i++) {
        uint64_t before = platform_monotonic_ns();

        assert_true(clock_step(&r.output));
        assert_int_equal(platform_monotonic_ns() - before, pause_ms[i] * MS);
    }
    read_peer();
    clock_pass(&r.output, SECOND - MS);
    assert_int_equal(counted(&r, SENT_LINES), 0);
    clock_pass(&r.output, MS);
    assert_int_equal(counted(&r, SENT_LINES), 1);
    put(&r, 2, "two\n");
    read_peer();
    clock_pass(&r.output, MS);
    assert_int_equal(counted(&r, SENT_LINES), 2);
    finish_line(&r);
}

static void with_nothing_under_way_it_waits_without_a_limit(void **state)
{
    struct running r;

    (void)state;
    start_as(&r, &fake_kept, &encoder_influx, 0);
    put(&r, 1, "one\n");
    read_peer();
    wait_for(&r, SENT_LINES, 1);
    assert_false(clock_step(&r.output));
    finish_line(&r);
}

/* --- the end of a connection ------------------------------------------------------------ */

static void start_half_closed(struct running *r)
{
    line.half_closed = true;
    start_as(r, &fake_kept, &encoder_influx, 0);
}

static void a_receiver_that_has_all_is_given_two_seconds_to_end_its_side(void **state)
{
    struct running r;
    uint64_t before;

    (void)state;
    start_half_closed(&r);
    put(&r, 1, "one\n");
    read_peer();
    before = platform_monotonic_ns();
    output_close(&r.output);
    clock_pass(&r.output, 2 * SECOND - MS);
    assert_false(output_done(&r.output));
    finish_line(&r);
    assert_in_range(platform_monotonic_ns() - before, 2 * SECOND, 2 * SECOND + MS);
    assert_int_equal(counted(&r, SENT_LINES), 1);
    assert_string_equal(line.sent, "one\n");
}

static void a_receiver_that_ends_its_side_is_not_waited_for(void **state)
{
    struct running r;

    (void)state;
    start_half_closed(&r);
    put(&r, 1, "one\n");
    read_peer();
    output_close(&r.output);
    clock_pass(&r.output, 500 * MS);
    break_socket();
    clock_rest(&r.output);
    assert_true(output_done(&r.output));
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 1);
}

static void a_receiver_that_does_not_read_is_sent_the_same_over_another_connection(void **state)
{
    struct running r;

    (void)state;
    start_half_closed(&r);
    put(&r, 1, "one\n");
    output_close(&r.output);
    clock_pass(&r.output, 2 * SECOND + MS);
    wait_sent(&r, "one\none\n");
    assert_int_equal(output_left(&r.output), 1);
    assert_true(read_peer()); /* the receiver drains to the end now */
    finish_line(&r);
    assert_int_equal(counted(&r, SENT_LINES), 1);
    assert_int_equal(line.opened, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(acknowledgements_are_looked_for_after_a_millisecond_and_at_least_once_a_second,
                               line_reset),
        cmocka_unit_test_setup(with_nothing_under_way_it_waits_without_a_limit, line_reset),
        cmocka_unit_test_setup(a_receiver_that_has_all_is_given_two_seconds_to_end_its_side, line_reset),
        cmocka_unit_test_setup(a_receiver_that_ends_its_side_is_not_waited_for, line_reset),
        cmocka_unit_test_setup(a_receiver_that_does_not_read_is_sent_the_same_over_another_connection, line_reset),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("waits", tests, NULL, NULL);
}
