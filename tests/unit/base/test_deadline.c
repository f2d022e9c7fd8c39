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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_deadline_is_after_now_and_on_the_grid),
    };

    return cmocka_run_group_tests_name("deadline", tests, NULL, NULL);
}
