#include "base/deadline.h"
#include "unit/helper.h"

static void the_next_deadline_is_after_now_and_on_the_grid(void **state)
{
    static const struct {
        uint64_t start, step, now, next;
    } row[] = {
        {0, 10, 0, 10},      {0, 10, 9, 10},   {0, 10, 10, 20},
        {5, 10, 5, 15},      {5, 10, 14, 15},  {5, 10, 15, 25},
        {5, 10, 1000, 1005}, {7, 1, 100, 101}, {0, 1000000000, 99999999999, 100000000000},
        {5, 10, 1004, 1005}, /* those that passed meanwhile are skipped */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_int_equal(deadline_next(row[i].start, row[i].step, row[i].now), row[i].next);
}

/* Replaces platform/posix/random.c. */
static uint32_t drawn, drawn_below;

uint32_t platform_random(uint32_t below)
{
    drawn_below = below;
    return drawn;
}

int platform_secret(void *out, size_t len)
{
    (void)out, (void)len;
    return -1;
}

/* The second deadlines are spread over a whole step, each of its milliseconds as likely as the others. */
static void machines_that_start_together_have_different_deadlines(void **state)
{
    const uint64_t unit_ns = 1000 * NS_PER_MS, step_ns = 3 * unit_ns, now_ns = 7 * step_ns + 1;
    bool seen[3000] = {false};

    (void)state;
    for (drawn = 0; drawn < 3000; drawn++) {
        uint64_t start_ns = deadline_start(step_ns, unit_ns, now_ns);
        uint64_t first_ns = deadline_first(start_ns, step_ns, now_ns);
        uint64_t second_ns = deadline_next(start_ns, step_ns, first_ns);

        assert_int_equal(drawn_below, 3000);
        assert_int_equal((second_ns - now_ns) % NS_PER_MS, 0);
        seen[(second_ns - now_ns) / NS_PER_MS % 3000] = true;
    }
    for (unsigned ms = 0; ms < 3000; ms++)
        assert_true(seen[ms]);
}

/* A shorter one would bring two times of one unit, and a longer one would be a gap. */
static void distances_are_half_a_step_to_a_step_and_no_less_than_a_unit(void **state)
{
    const uint64_t unit_ns = 1000 * NS_PER_MS, now_ns = 12345678901;

    (void)state;
    for (uint64_t step_ns = unit_ns; step_ns <= 5 * unit_ns; step_ns += unit_ns / 8)
        for (drawn = 0, drawn_below = 1; drawn < drawn_below; drawn++) {
            uint64_t start_ns = deadline_start(step_ns, unit_ns, now_ns), before_ns = now_ns;
            uint64_t next_ns = deadline_first(start_ns, step_ns, now_ns);

            for (unsigned n = 1; n < 4; n++) {
                assert_in_range(next_ns - before_ns, n < 3 ? step_ns / 2 : step_ns, step_ns);
                assert_true(next_ns - before_ns >= unit_ns);
                before_ns = next_ns;
                next_ns = deadline_next(start_ns, step_ns, before_ns);
            }
        }
}

/* Nothing is drawn where times have the interval's unit: two polls within one would have one time. */
static void a_step_of_one_unit_is_kept(void **state)
{
    const uint64_t step_ns = 1000 * NS_PER_MS;

    (void)state;
    drawn = 0;
    assert_int_equal(deadline_next(deadline_start(step_ns, step_ns, 5), step_ns, 5), 5 + step_ns);
    assert_int_equal(drawn_below, 1);
}

/* Some clocks begin at 0 when the machine starts. */
static void a_start_may_be_before_the_clocks_zero(void **state)
{
    const uint64_t step_ns = 3600000 * NS_PER_MS;

    (void)state;
    drawn = 3599999;
    assert_int_equal(deadline_next(deadline_start(step_ns, NS_PER_MS, NS_PER_MS), step_ns, NS_PER_MS), 2 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_deadline_is_after_now_and_on_the_grid),
        cmocka_unit_test(machines_that_start_together_have_different_deadlines),
        cmocka_unit_test(distances_are_half_a_step_to_a_step_and_no_less_than_a_unit),
        cmocka_unit_test(a_step_of_one_unit_is_kept),
        cmocka_unit_test(a_start_may_be_before_the_clocks_zero),
    };

    return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
