/* The words for an output's state. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "output/limits.h"
#include "output/state.h"
#include "unit/output/fake_transport.h"

static uint64_t polled_ns; /* when the last poll was put */

/* Puts a snapshot, one interval after the one before. */
static void poll_at(struct running *r, uint64_t number, const char *text)
{
    polled_ns = platform_monotonic_ns();
    put(r, number, text);
}

/* Asserts the state after the poll of this number, with 10 s between two. */
static void assert_state(struct running *r, uint64_t number, const char *expected)
{
    const struct last_poll last = {number, polled_ns, 10 * SECOND};
    char state[STATE_MAX];

    output_state(&r->output, &last, state);
    assert_string_equal(state, expected);
}

static void an_output_works_once_it_sent_a_line(void **state)
{
    struct running r;

    (void)state;
    start(&r, &fake_stream);
    assert_state(&r, 1, "nothing was delivered yet; 0 lines wait; 0 dropped");
    poll_at(&r, 1, "one\n");
    assert_state(&r, 1, "works; 0 lines wait; 0 dropped");
    finish_line(&r);
    assert_state(&r, 1, "has ended; 0 lines wait; 0 dropped");
}

/* That its receiver is gone is also its last error, which is no trouble: nothing is tried any more. */
static void an_output_whose_receiver_is_gone_has_ended(void **state)
{
    struct running r;

    (void)state;
    polled_ns = platform_monotonic_ns();
    start_and_lose(&r);
    assert_state(&r, 1, "has ended; 1 lines wait, the oldest for 0 s; 0 dropped");
    arena_free(&r.arena);
}

static void trouble_has_its_length_its_reason_and_the_age_of_what_waits(void **state)
{
    struct running r;

    (void)state;
    line.open_error = -ECONNREFUSED;
    start_as(&r, &fake_kept, &encoder_influx, 0);
    poll_at(&r, 1, "one\n");
    assert_state(&r, 1, "in trouble for 0 s: Connection refused; 1 lines wait, the oldest for 0 s; 0 dropped");
    clock_pass(&r.output, 10 * SECOND);
    poll_at(&r, 2, "two\ntwo\n");
    clock_pass(&r.output, 7 * SECOND);
    assert_state(&r, 2, "in trouble for 17 s: Connection refused; 3 lines wait, the oldest for 17 s; 0 dropped");
    clock_pass(&r.output, 3 * SECOND);
    line_fail(0, 0, 0);
    poll_at(&r, 3, "three\n");
    wait_sent(&r, "one\ntwo\ntwo\nthree\n");
    assert_state(&r, 3, "nothing was delivered yet; 4 lines wait, the oldest for 20 s; 0 dropped");
    read_peer();
    wait_for(&r, SENT_LINES, 4);
    assert_state(&r, 3, "works; 0 lines wait; 0 dropped");
    finish_line(&r);
}

/* Only some reasons are logged. Who asks gets the last one. */
static void the_reason_is_the_last_one(void **state)
{
    static const int error[] = {-ECONNREFUSED, -ENETUNREACH, -ETIMEDOUT, -EHOSTUNREACH, -EACCES, -ENETDOWN};
    struct running r;

    (void)state;
    line.open_error = error[0];
    start(&r, &fake_stream);
    poll_at(&r, 1, "one\n");
    for (size_t i = 0; i < COUNT_OF(error); i++) {
        char state_now[STATE_MAX];
        const struct last_poll last = {1, polled_ns, 10 * SECOND};

        line_fail(error[i], 0, 0);
        wait_for_more(&r, SEND_ERRORS, 1);
        output_state(&r.output, &last, state_now);
        assert_non_null(strstr(state_now, platform_error_text(-error[i])));
    }
    assert_true(COUNT_OF(error) > REASONS_MAX);
    line_fail(0, 0, 0);
    finish_line(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_output_works_once_it_sent_a_line, line_reset),
        cmocka_unit_test_setup(an_output_whose_receiver_is_gone_has_ended, line_reset),
        cmocka_unit_test_setup(trouble_has_its_length_its_reason_and_the_age_of_what_waits, line_reset),
        cmocka_unit_test_setup(the_reason_is_the_last_one, line_reset),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
