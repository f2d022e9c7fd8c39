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

/* With steps of 3 s and times in seconds, the first deadline comes after 1,000 to 3,000 ms, each as likely as the
 * others: never later than a step, so that no receiver sees a gap. */
static void machines_that_start_together_have_different_deadlines(void **state)
{
    const uint64_t unit_ns = 1000 * NS_PER_MS, step_ns = 3 * unit_ns, now_ns = 7 * step_ns + 1;
    bool seen[3001] = {false};

    (void)state;
    for (drawn = 0; drawn < 2001; drawn++) {
        uint64_t start_ns = deadline_start(step_ns, unit_ns, now_ns);
        uint64_t first_ns = deadline_next(start_ns, step_ns, now_ns);

        assert_int_equal(drawn_below, 2001);
        assert_int_equal((first_ns - now_ns) % NS_PER_MS, 0);
        assert_in_range((first_ns - now_ns) / NS_PER_MS, 1000, 3000);
        seen[(first_ns - now_ns) / NS_PER_MS] = true;
        assert_int_equal(deadline_next(start_ns, step_ns, first_ns), first_ns + step_ns);
    }
    for (unsigned ms = 1000; ms <= 3000; ms++)
        assert_true(seen[ms]);
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
        cmocka_unit_test(a_step_of_one_unit_is_kept),
        cmocka_unit_test(a_start_may_be_before_the_clocks_zero),
    };

    return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
