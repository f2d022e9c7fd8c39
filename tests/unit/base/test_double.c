/* Arithmetic of doubles by integers, against this processor's. */
#include <float.h>

#include "base/double.h"
#include "base/number.h"
#include "unit/helper.h"

#define SIGN (UINT64_C(1) << 63)

/* The x87 of i386 rounds twice, and libgcc for ARM without an FPU rounds few differences wrongly: 2^31 - 1/3. What they
 * compute is not compared. */
#ifdef __SOFTFP__
#define ROUNDS_RIGHT false
#else
#define ROUNDS_RIGHT (FLT_EVAL_METHOD == 0)
#endif

static const uint64_t edge[] = {
    0, /* 0 */
    1, /* the least subnormal */
    2,
    0x000fffffffffffff, /* the greatest subnormal */
    0x0010000000000000, /* the least normal */
    0x0010000000000001,
    0x001fffffffffffff,
    0x0020000000000000,
    0x0360000000000000, /* 2^-969 */
    0x1e50000000000000, /* 2^-538: times the next, this is half of the least subnormal */
    0x1e60000000000000, /* 2^-537 */
    0x1e60000000000001,
    0x1ff0000000000000, /* 2^-512 */
    0x3ca0000000000000, /* 2^-53 */
    0x3ca0000000000001,
    0x3cb0000000000000, /* 2^-52 */
    0x3fd5555555555555, /* 1/3 */
    0x3fdfffffffffffff,
    0x3fe0000000000000, /* 1/2 */
    0x3fefffffffffffff,
    0x3ff0000000000000, /* 1 */
    0x3ff0000000000001,
    0x3ff8000000000000, /* 3/2 */
    0x3fffffffffffffff,
    0x4000000000000000, /* 2 */
    0x4008000000000000, /* 3 */
    0x41dfffffffc00000, /* 2^31 - 1 */
    0x41e0000000000000, /* 2^31 */
    0x41efffffffe00000, /* 2^32 - 1 */
    0x41f0000000000000, /* 2^32 */
    0x433fffffffffffff, /* 2^53 - 1 */
    0x4340000000000000, /* 2^53 */
    0x4340000000000001,
    0x43dfffffffffffff, /* below 2^63 */
    0x43efffffffffffff, /* below 2^64 */
    0x5ff0000000000000, /* 2^512 */
    0x7fdfffffffffffff,
    0x7fe0000000000000, /* 2^1023 */
    0x7fefffffffffffff, /* the greatest */
    0x7ff0000000000000, /* infinite */
    0x7ff8000000000000, /* NaN */
};

static uint64_t any_bits(void)
{
    return (uint64_t)any(1u << 22) << 42 | (uint64_t)any(1u << 21) << 21 | any(1u << 21);
}

/* Returns bits of any kind: any at all, near 1, or with few bits set, which are often halfway between two doubles. */
static uint64_t any_number(void)
{
    uint64_t bits = any_bits();

    switch (any(4)) {
    case 0: return bits;
    case 1: return (bits & (SIGN | (SIGN - 1) >> 11)) | (uint64_t)(1023 - 60 + any(120)) << 52;
    case 2:
        return (bits & any_bits() & any_bits() & any_bits() & (SIGN | (SIGN - 1) >> 11)) | (uint64_t)any(2048) << 52;
    default: return (bits & SIGN) | (uint64_t)(1023 - 30 + any(60)) << 52 | (bits & UINT64_C(0x1f) << 47) | any(2);
    }
}

static bool is_nan(uint64_t bits)
{
    return (bits & ~SIGN) > NUMBER_INFINITE;
}

static void same(const char *what, uint64_t a, uint64_t b, uint64_t got, uint64_t expected)
{
    if (got == expected || (is_nan(got) && is_nan(expected)))
        return;
    print_error("%016llx %s %016llx: %016llx, not %016llx\n", (unsigned long long)a, what, (unsigned long long)b,
                (unsigned long long)got, (unsigned long long)expected);
    fail();
}

static void compare_pair(uint64_t a, uint64_t b)
{
    volatile double x = number_of_bits(a), y = number_of_bits(b);

    same("<", a, b, double_lt(a, b) < 0, x < y);
    same("<=", a, b, double_le(a, b) <= 0, x <= y);
    same("==", a, b, double_eq(a, b) == 0, x == y);
    same("!=", a, b, double_ne(a, b) != 0, x != y);
    same(">", a, b, double_gt(a, b) > 0, x > y);
    same(">=", a, b, double_ge(a, b) >= 0, x >= y);
    if (!ROUNDS_RIGHT)
        return;
    same("+", a, b, double_add(a, b), number_bits(x + y));
    same("-", a, b, double_subtract(a, b), number_bits(x - y));
    same("*", a, b, double_multiply(a, b), number_bits(x * y));
    same("/", a, b, double_divide(a, b), number_bits(x / y));
}

static void compare_integers(uint64_t n)
{
    volatile double u64 = (double)n, i64 = (double)(int64_t)n, u32 = (uint32_t)n, i32 = (int32_t)n;

    same("u64", n, 0, double_of_u64(n), number_bits(u64));
    same("i64", n, 0, double_of_i64((int64_t)n), number_bits(i64));
    same("u32", n, 0, double_of_u32((uint32_t)n), number_bits(u32));
    same("i32", n, 0, double_of_i32((int32_t)n), number_bits(i32));
}

/* Compares those conversions whose result is defined. */
static void compare_fractions(uint64_t a)
{
    volatile double x = number_of_bits(a);

    if (x > -1 && x < 18446744073709551616.)
        same("to u64", a, 0, double_to_u64(a & ~SIGN), (uint64_t)(x < 0 ? -x : x));
    if (x >= -9223372036854775808. && x < 9223372036854775808.)
        same("to i64", a, 0, (uint64_t)double_to_i64(a), (uint64_t)(int64_t)x);
    if (x > -1 && x < 4294967296.)
        same("to u32", a, 0, double_to_u32(a & ~SIGN), (uint32_t)(x < 0 ? -x : x));
    if (x > -2147483649. && x < 2147483648.)
        same("to i32", a, 0, (uint64_t)double_to_i32(a), (uint64_t)(int32_t)x);
}

static void edges_are_as_the_processor_computes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edge) * 2; i++) {
        uint64_t a = edge[i / 2] | (i & 1 ? SIGN : 0);

        compare_fractions(a);
        for (size_t k = 0; k < COUNT_OF(edge) * 2; k++)
            compare_pair(a, edge[k / 2] | (k & 1 ? SIGN : 0));
    }
    for (int bit = 0; bit < 64; bit++)
        for (int other = 0; other < 64; other++) {
            uint64_t n = (UINT64_C(1) << bit) + (UINT64_C(1) << other);

            compare_integers(n);
            compare_integers(n - 1);
            compare_integers(0 - n);
        }
}

static void any_numbers_are_as_the_processor_computes(void **state)
{
    (void)state;
    any_seed(1);
    for (int turn = 0; turn < 1000000 / ONE_IN; turn++) {
        uint64_t a = any_number(), b = any_number();

        compare_pair(a, b);
        compare_fractions(a);
        compare_integers(a >> any(64));
    }
}

/* Adds to any number one that is so near that most bits of the difference are 0, or so far that it only rounds. */
static void sums_are_as_the_processor_computes(void **state)
{
    (void)state;
    any_seed(2);
    for (int turn = 0; turn < 300000 / ONE_IN; turn++) {
        uint64_t a = any_number(), b = a + any(3) - 1 + ((uint64_t)any(2) << 63);

        compare_pair(a, b);
        compare_pair(a, (a - ((uint64_t)(50 + any(8)) << 52)) & ~(uint64_t)any(1u << 31));
        compare_pair(a, (a - ((uint64_t)(50 + any(8)) << 52)) & SIGN >> any(2) << 63);
    }
}

/* On each processor, also where none of the comparisons with it are made. */
static void known_results(void **state)
{
    static const struct {
        uint64_t (*operate)(uint64_t, uint64_t);
        uint64_t a, b, result;
    } row[] = {
        {double_add, 0x3fb999999999999a, 0x3fc999999999999a, 0x3fd3333333333334},      /* 0.1 + 0.2 */
        {double_add, 0x4340000000000000, 0x3ff0000000000000, 0x4340000000000000},      /* 2^53 + 1: to even */
        {double_add, 0x4340000000000001, 0x3ff0000000000000, 0x4340000000000002},      /* 2^53 + 3: to even */
        {double_add, 0x7fefffffffffffff, 0x7c90000000000000, 0x7ff0000000000000},      /* too large */
        {double_add, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000},      /* NaN */
        {double_add, 0x8000000000000000, 0x0000000000000000, 0x0000000000000000},      /* -0 + 0 */
        {double_subtract, 0x3ff0000000000000, 0x3ff0000000000000, 0},                  /* 1 - 1 */
        {double_subtract, 0x41e0000000000000, 0x3fd5555555555555, 0x41dfffffffeaaaab}, /* 2^31 - 1/3 */
        {double_subtract, 0x0010000000000000, 0x0000000000000001, 0x000fffffffffffff}, /* a subnormal difference */
        {double_multiply, 0x3fb999999999999a, 0x4008000000000000, 0x3fd3333333333334}, /* 0.1 * 3 */
        {double_multiply, 0x1e50000000000000, 0x1e60000000000000, 0},                  /* half the least: to even */
        {double_multiply, 0x1e50000000000001, 0x9e60000000000000, 0x8000000000000001}, /* above half */
        {double_multiply, 0x7fe0000000000000, 0xc000000000000000, 0xfff0000000000000}, /* too large */
        {double_divide, 0x3ff0000000000000, 0x4008000000000000, 0x3fd5555555555555},   /* 1 / 3 */
        {double_divide, 0x3ff0000000000000, 0x4024000000000000, 0x3fb999999999999a},   /* 1 / 10 */
        {double_divide, 0x0000000000000001, 0x4000000000000000, 0},                    /* half the least: to even */
        {double_divide, 0xbff0000000000000, 0x0000000000000000, 0xfff0000000000000},   /* -1 / 0 */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        same("and", row[i].a, row[i].b, row[i].operate(row[i].a, row[i].b), row[i].result);
}

/* A number that the type cannot have has any result, without end or trap. */
static void too_large_for_an_integer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(edge); i++) {
        double_to_u64(edge[i] | SIGN);
        double_to_i64(edge[i]);
        double_to_u32(edge[i]);
        double_to_i32(edge[i] | SIGN);
    }
    assert_int_equal(double_to_u32(double_of_u64(UINT32_MAX)), UINT32_MAX);
    assert_true(double_to_i64(0xc3e0000000000000) == INT64_MIN);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_results),
        cmocka_unit_test(edges_are_as_the_processor_computes),
        cmocka_unit_test(any_numbers_are_as_the_processor_computes),
        cmocka_unit_test(sums_are_as_the_processor_computes),
        cmocka_unit_test(too_large_for_an_integer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
