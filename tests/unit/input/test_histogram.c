/* Histograms value by value: signs, zeros, weights, scales, the limits of counts and of doubles. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "input/bucket.h"
#include "unit/input/histogram_helper.h"

static void an_empty_histogram_has_only_zeros(void **state)
{
    struct whole w, other;

    (void)state;
    whole_init(&w, false);
    whole_init(&other, true);
    assert_true(histogram_quantile(&w.h, 500) == 0 && histogram_quantile(&w.h, 0) == 0);
    assert_true(histogram_add(&w.h, 7, 0));
    assert_true(histogram_merge(&w.h, &other.h));
    assert_true(w.h.count == 0 && w.h.sum == 0 && w.h.min == 0 && w.h.max == 0);
    assert_int_equal(w.h.scale, 20);
}

static void one_value_gives_itself(void **state)
{
    static const double values[] = {1, 3.7, -3.7, 0, 1e-310, -1e-310, DBL_MIN, DBL_MAX, -DBL_MAX, 1e-300, 1e300};

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(values); i++) {
        struct whole w;

        whole_init(&w, false);
        assert_true(histogram_add(&w.h, values[i], 1));
        assert_true(valid(&w.h));
        for (unsigned permille = 0; permille <= 1000; permille += 250)
            assert_true(histogram_quantile(&w.h, permille) == values[i]);
        assert_true(w.h.sum == values[i] && w.h.min == values[i] && w.h.max == values[i]);
    }
}

static void zero_and_subnormal_numbers_have_no_bucket(void **state)
{
    static const double subnormal = DBL_MIN / 2;
    uint32_t counts[HISTOGRAM_NARROW];
    struct histogram h;

    (void)state;
    histogram_init(&h, counts, false);
    assert_true(histogram_add(&h, 0, 1) && histogram_add(&h, -0.0, 2) && histogram_add(&h, subnormal, 3));
    assert_true(histogram_add(&h, -subnormal, 4));
    assert_true(h.zero_count == 10 && h.count == 10 && h.range[HISTOGRAM_POSITIVE].length == 0);
    assert_true(h.min == -subnormal && h.max == subnormal);
    assert_true(histogram_add(&h, DBL_MIN, 1));
    assert_true(h.zero_count == 10 && h.count == 11 && h.range[HISTOGRAM_POSITIVE].length == 1);
    assert_true(histogram_quantile(&h, 900) == 0 && histogram_quantile(&h, 1000) == DBL_MIN);
}

static void a_negative_value_asks_for_its_range(void **state)
{
    uint32_t counts[HISTOGRAM_NARROW], negative[HISTOGRAM_NARROW], others[HISTOGRAM_NARROW];
    struct histogram h, other, before;

    (void)state;
    histogram_init(&h, counts, false);
    assert_true(histogram_add(&h, 5, 1));
    before = h;
    assert_false(histogram_add(&h, -5, 3));
    assert_memory_equal(&h, &before, sizeof h);
    histogram_init_negative(&h, negative);
    assert_true(histogram_add(&h, -5, 3));
    assert_true(valid(&h));
    assert_true(h.count == 4 && h.sum == -10 && h.min == -5 && h.max == 5);
    assert_true(fabs(histogram_quantile(&h, 750) + 5) < 1e-4 && histogram_quantile(&h, 751) == 5);

    histogram_init(&other, others, false);
    assert_true(histogram_add(&other, 9, 1));
    before = other;
    assert_false(histogram_merge(&other, &h));
    assert_memory_equal(&other, &before, sizeof other);
    assert_true(histogram_merge(&h, &other));
    assert_true(valid(&h));
}

static void a_weight_is_that_many_values(void **state)
{
    struct whole once, often;

    (void)state;
    any_seed(1);
    whole_init(&once, false);
    whole_init(&often, false);
    for (int turn = 0; turn < 300; turn++) {
        double value = any_gauss() * 100;
        uint32_t n = any(20);

        assert_true(histogram_add(&once.h, value, n));
        for (uint32_t i = 0; i < n; i++)
            assert_true(histogram_add(&often.h, value, 1));
    }
    assert_true(same(&once.h, &often.h, 1e6));
    assert_true(histogram_add(&once.h, 100, 1000000));
    assert_true(once.h.count == often.h.count + 1000000);
    assert_true(valid(&once.h));
}

/* The ratio of the greatest value to the smallest decides the scale: the table of histogram.h. */
static void the_scale_is_that_of_the_range(void **state)
{
    static const struct {
        double from, to;
        int scale;
    } rows[] = {{1, 1, 20},    {3, 3 * 5.5, 6},      {3, 3 * 31, 5},      {3, 3 * 980, 4},
                {3, 2.8e6, 3}, {0.7, 0.7 * 9e11, 2}, {1e-300, 1e300, -4}, {DBL_MIN, DBL_MAX, -4}};

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        struct whole up, down;

        whole_init(&up, false);
        whole_init(&down, false);
        assert_true(histogram_add(&up.h, rows[i].from, 1) && histogram_add(&up.h, rows[i].to, 1));
        assert_true(histogram_add(&down.h, -rows[i].to, 1) && histogram_add(&down.h, -rows[i].from, 1));
        assert_int_equal(up.h.scale, rows[i].scale);
        assert_int_equal(down.h.scale, rows[i].scale);
        assert_true(valid(&up.h));
        assert_true(valid(&down.h));
    }
}

static bool takes_any_doubles(bool wide)
{
    struct whole w;
    double before = -DBL_MAX;
    bool good = true;

    whole_init(&w, wide);
    for (int turn = 0; turn < 200; turn++) {
        double value = any(3) ? any_double() : any(2) ? any_gauss() : 0;

        good &= histogram_add(&w.h, value, 1 + any(1000000)) && w.h.min <= value && value <= w.h.max;
        good &= turn % 20 || valid(&w.h);
    }
    for (unsigned permille = 0; permille <= 1000; permille += 10) {
        double value = histogram_quantile(&w.h, permille);

        good &= before <= value && w.h.min <= value && value <= w.h.max;
        before = value;
    }
    return good;
}

static void any_doubles_are_taken(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 500 / ONE_IN; seed++) {
        any_seed(seed);
        assert_seed(takes_any_doubles(seed % 2), "any doubles", seed);
    }
}

static void a_sum_stays_finite(void **state)
{
    struct whole w;

    (void)state;
    whole_init(&w, false);
    assert_true(histogram_add(&w.h, 1e308, 1000000) && histogram_add(&w.h, 1e308, 1));
    assert_true(w.h.sum == DBL_MAX);
    assert_true(histogram_add(&w.h, -1e308, 1000000));
    assert_true(w.h.sum == 0);
    assert_true(histogram_add(&w.h, -1e308, 1000000) && histogram_add(&w.h, -1e308, 1000000));
    assert_true(w.h.sum == -DBL_MAX);
}

/* A narrow count stops at 2^32 - 1. What is beyond is in the total all the same, in the same bucket. */
static void a_full_count_loses_nothing(void **state)
{
    const uint64_t n = 3 * (uint64_t)UINT32_MAX;
    struct whole w, total;
    const struct histogram_range *r = &total.h.range[HISTOGRAM_POSITIVE];

    (void)state;
    whole_init(&w, false);
    whole_init(&total, true);
    assert_true(histogram_add(&w.h, 1, 10));
    for (int i = 0; i < 3; i++)
        assert_true(histogram_add(&w.h, 1000, UINT32_MAX));
    assert_true(histogram_add(&w.h, 1e6, 10));
    assert_true(w.h.count == n + 20);
    assert_true(fabs(histogram_quantile(&w.h, 999) / 1000 - 1) < 0.09 && histogram_quantile(&w.h, 0) == 1);
    for (int i = 0; i < 2; i++)
        assert_true(histogram_merge(&total.h, &w.h));
    assert_true(valid(&total.h));
    assert_true(histogram_at(r, bucket_index(1, total.h.scale)) == 20);
    assert_true(histogram_at(r, bucket_index(1000, total.h.scale)) == 2 * n);
    assert_true(histogram_at(r, bucket_index(1e6, total.h.scale)) == 20);
    assert_true(fabs(histogram_quantile(&total.h, 500) / 1000 - 1) < 0.09);
}

/* Several full counts, two of which become one bucket when the scale sinks. */
static void full_counts_are_merged(void **state)
{
    struct whole w, total;

    (void)state;
    whole_init(&w, false);
    whole_init(&total, true);
    for (double value = 1; value < 1.01; value += 1e-4)
        for (int i = 0; i < 2; i++)
            assert_true(histogram_add(&w.h, value, UINT32_MAX) && histogram_add(&w.h, -value, UINT32_MAX));
    assert_true(histogram_add(&w.h, 1e9, 1) && histogram_add(&w.h, 0, UINT32_MAX));
    assert_true(histogram_quantile(&w.h, 100) < -0.9 && histogram_quantile(&w.h, 1000) == 1e9);
    assert_true(histogram_merge(&total.h, &w.h));
    assert_true(valid(&total.h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_histogram_has_only_zeros),
        cmocka_unit_test(one_value_gives_itself),
        cmocka_unit_test(zero_and_subnormal_numbers_have_no_bucket),
        cmocka_unit_test(a_negative_value_asks_for_its_range),
        cmocka_unit_test(a_weight_is_that_many_values),
        cmocka_unit_test(the_scale_is_that_of_the_range),
        cmocka_unit_test(any_doubles_are_taken),
        cmocka_unit_test(a_sum_stays_finite),
        cmocka_unit_test(a_full_count_loses_nothing),
        cmocka_unit_test(full_counts_are_merged),
    };

    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
