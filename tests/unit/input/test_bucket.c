/* A value's bucket at each scale, against the C library's logarithm. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "input/bucket.h"
#include "unit/helper.h"

#define MIN_SCALE (-4)

/* Returns a double above 0 that is normal and finite. */
static double any_normal(void)
{
    uint64_t bits = (uint64_t)(1 + any(2046)) << 52 | (uint64_t)any(1u << 26) << 26 | any(1u << 26);
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static void a_power_of_two_ends_a_bucket(void **state)
{
    (void)state;
    for (int scale = MIN_SCALE; scale <= BUCKET_MAX_SCALE; scale++) {
        for (int exponent = -1022; exponent < 1024; exponent++) {
            int32_t at = scale < 0 ? (exponent - 1) >> -scale : exponent * (1 << scale) - 1;
            int32_t above = scale < 0 ? exponent >> -scale : exponent * (1 << scale);

            assert_int_equal(bucket_index(ldexp(1, exponent), scale), at);
            assert_int_equal(bucket_index(ldexp(1 + DBL_EPSILON, exponent), scale), above);
        }
    }
}

/* Above the lower bound, and not above the upper one, but for the lowest 0.2 % of a bucket. */
static void a_value_is_between_its_bounds(void **state)
{
    (void)state;
    any_seed(1);
    for (int turn = 0; turn < 200000 / ONE_IN; turn++) {
        double value = turn % 2 ? any_normal() : 1 + any_normal() / DBL_MAX;
        int scale = MIN_SCALE + (int)any(BUCKET_MAX_SCALE - MIN_SCALE + 1);
        double place = ldexp(log2(value), scale) - bucket_index(value, scale);

        if (!(place > -1e-6 && place < 1.002)) {
            print_error("%.17g at scale %d: %.9f\n", value, scale, place);
            fail();
        }
    }
}

static void a_bucket_is_half_of_that_at_the_next_scale(void **state)
{
    (void)state;
    any_seed(2);
    for (int turn = 0; turn < 100000 / ONE_IN; turn++) {
        double value = turn % 2 ? any_normal() : 1 + any_normal() / DBL_MAX;

        for (int scale = MIN_SCALE; scale < BUCKET_MAX_SCALE; scale++)
            assert_int_equal(bucket_index(value, scale), bucket_index(value, scale + 1) >> 1);
    }
}

static void the_middle_has_the_same_distance_from_both_bounds(void **state)
{
    (void)state;
    any_seed(3);
    for (int turn = 0; turn < 100000 / ONE_IN; turn++) {
        int scale = MIN_SCALE + (int)any(BUCKET_MAX_SCALE - MIN_SCALE + 1);
        double base = exp2(ldexp(1, -scale)), value = any_normal();
        int32_t i = bucket_index(value, scale);
        double low = exp2(ldexp(i, -scale)), high = exp2(ldexp(i + 1, -scale)), error = (base - 1) / (base + 1);

        if (low < DBL_MIN || high > DBL_MAX)
            continue;
        assert_true(fabs(bucket_middle(i, scale) / (low * (1 + error)) - 1) < 1e-9);
        assert_true(fabs(bucket_middle(i, scale) / (high * (1 - error)) - 1) < 1e-9);
    }
}

/* The lowest and the highest bucket reach past the normal doubles. */
static void middles_are_finite(void **state)
{
    (void)state;
    for (int scale = MIN_SCALE; scale <= BUCKET_MAX_SCALE; scale++) {
        double lowest = bucket_middle(bucket_index(DBL_MIN, scale), scale);
        double highest = bucket_middle(bucket_index(DBL_MAX, scale), scale);

        assert_true(lowest > 0 && lowest <= DBL_MIN);
        assert_true(highest > 1e300 && highest <= DBL_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_of_two_ends_a_bucket),
        cmocka_unit_test(a_value_is_between_its_bounds),
        cmocka_unit_test(a_bucket_is_half_of_that_at_the_next_scale),
        cmocka_unit_test(the_middle_has_the_same_distance_from_both_bounds),
        cmocka_unit_test(middles_are_finite),
    };

    return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
