/* The counts that follow from the kernel's counters and the rows that were listed. */
#include "tcp_totals.h"
#include "unit/helper.h"

static void the_rest_is_what_the_counters_have_more(void **state)
{
    const struct tcp_counters at = {.inuse = 1000, .inuse6 = 500, .tw = 300};
    struct tcp_rows rows = {.full = 200, .full6 = 50, .fin_wait2 = 20};
    struct tcp_rest rest = tcp_totals_rest(&at, &at, &rows);

    (void)state;
    assert_int_equal(rest.established, 1300);
    assert_int_equal(rest.time_wait, 280);
    rows.established[0] = 3;
    rows.established[1] = 400;
    rows.time_wait[1] = 80;
    rest = tcp_totals_rest(&at, &at, &rows);
    assert_int_equal(rest.established, 897);
    assert_int_equal(rest.time_wait, 200);
}

static void two_readings_count_half_each(void **state)
{
    const struct tcp_counters before = {.inuse = 1000, .tw = 10}, after = {.inuse = 800, .inuse6 = 400, .tw = 21};
    const struct tcp_rows rows = {0};
    struct tcp_rest rest = tcp_totals_rest(&before, &after, &rows);

    (void)state;
    assert_int_equal(rest.established, 1100);
    assert_int_equal(rest.time_wait, 15);
}

static void a_rest_is_never_negative(void **state)
{
    const struct tcp_counters at = {.inuse = 10, .tw = 1};
    struct tcp_rows rows = {.full = 11, .fin_wait2 = 2};
    struct tcp_rest rest = tcp_totals_rest(&at, &at, &rows);

    (void)state;
    assert_true(!rest.established && !rest.time_wait);
    rows = (struct tcp_rows){.full = 5, .established = {3, 3}, .time_wait = {1, 1}};
    rest = tcp_totals_rest(&at, &at, &rows);
    assert_true(!rest.established && !rest.time_wait);
}

static void at_rest_one_socket_too_many_contradicts(void **state)
{
    const struct tcp_counters at = {.inuse = 900, .inuse6 = 100, .tw = 50, .opens = 7};
    const struct tcp_rows good = {.full = 300, .fin_wait2 = 10, .established = {600, 100}, .time_wait = {30, 10}};
    struct tcp_rows rows = good;

    (void)state;
    assert_int_equal(tcp_totals_compare(&at, &at, &rows), 0);
    rows.established[0]++;
    assert_int_equal(tcp_totals_compare(&at, &at, &rows), 1);
    rows.established[0] -= 2;
    assert_int_equal(tcp_totals_compare(&at, &at, &rows), -1);
    rows = good;
    rows.time_wait[1]++;
    assert_int_equal(tcp_totals_compare(&at, &at, &rows), 1);
    rows = good;
    rows.full = 301;
    assert_int_equal(tcp_totals_compare(&at, &at, &rows), 1);
}

static void churn_explains_a_difference_up_to_its_size(void **state)
{
    const struct tcp_counters before = {.inuse = 1000, .tw = 50, .opens = 1000};
    const struct tcp_rows rows = {.established = {1070, 0}, .time_wait = {50, 0}};
    struct tcp_counters after = before;

    (void)state;
    assert_int_equal(tcp_totals_compare(&before, &after, &rows), 1);
    after.opens += 34;
    assert_int_equal(tcp_totals_compare(&before, &after, &rows), 1);
    after.opens++; /* 35 opened, and as many closed */
    assert_int_equal(tcp_totals_compare(&before, &after, &rows), 0);
    after.opens = before.opens;
    after.inuse += 50; /* 45 more than their mean */
    assert_int_equal(tcp_totals_compare(&before, &after, &rows), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rest_is_what_the_counters_have_more),
        cmocka_unit_test(two_readings_count_half_each),
        cmocka_unit_test(a_rest_is_never_negative),
        cmocka_unit_test(at_rest_one_socket_too_many_contradicts),
        cmocka_unit_test(churn_explains_a_difference_up_to_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
