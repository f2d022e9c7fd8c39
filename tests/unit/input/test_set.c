/* Sets: exact up to 256, then within the error of a HyperLogLog with 2048 registers. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "input/set.h"
#include "unit/helper.h"

#define SEEDS (1000 / ONE_IN)

/* Standard error of an estimate, Flajolet and others, 2007. */
#define ERROR (1.04 / sqrt(SET_REGISTERS))

static uint64_t member(uint64_t seed, uint32_t i)
{
    return hash_bytes(&i, sizeof i, (const uint64_t[2]){seed, 25});
}

static bool is_exact(uint64_t seed)
{
    struct set s = {0};
    bool good = set_count(&s) == 0;

    for (uint32_t i = 0; i < SET_EXACT; i++) {
        set_add(&s, member(seed, i));
        good &= set_count(&s) == i + 1;
        set_add(&s, member(seed, any(i + 1)));
        good &= set_count(&s) == i + 1;
    }
    return good;
}

static void up_to_256_are_exact(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        any_seed(seed);
        if (!is_exact(seed)) {
            print_error("seed %u\n", (unsigned)seed);
            fail();
        }
    }
}

/* Hashes whose place in the table, and whose register, are the same. */
static void hashes_of_one_place_are_told_apart(void **state)
{
    struct set s = {0};

    (void)state;
    for (uint64_t i = 0; i < SET_EXACT; i++)
        for (int times = 0; times < 2; times++) {
            set_add(&s, (i + 1) << 32);
            assert_true(set_count(&s) == i + 1);
        }
    set_add(&s, UINT64_C(1000) << 32);
    assert_true(set_count(&s) == SET_EXACT + 1);
}

static void the_hash_0_is_a_member(void **state)
{
    struct set s = {0};

    (void)state;
    set_add(&s, 0);
    set_add(&s, 0);
    assert_true(set_count(&s) == 1);
    set_add(&s, UINT64_MAX);
    assert_true(set_count(&s) == 2);
}

/* Registers that only someone with the key could make. */
static void extreme_registers_have_a_finite_count(void **state)
{
    struct set low = {0}, high = {0};

    (void)state;
    for (uint64_t i = 0; i < SET_REGISTERS; i++) {
        set_add(&high, i << 53);
        set_add(&low, i << 53 | UINT64_C(1) << 52);
    }
    assert_true(set_count(&low) > SET_EXACT && set_count(&low) < 4 * SET_REGISTERS);
    assert_true(set_count(&high) > UINT64_C(1) << 60);
}

/* Errors have nearly a normal distribution, of which 0.27 % are beyond three standard errors. One of these seeds is
 * beyond five. */
static void more_are_estimated(void **state)
{
    static const uint32_t sizes[] = {257, 300, 1000, 5000, 10000, 100000};
    double square[COUNT_OF(sizes)] = {0};
    unsigned outside[COUNT_OF(sizes)] = {0};

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct set s = {0};
        uint32_t i = 0;

        for (unsigned size = 0; size < COUNT_OF(sizes); size++) {
            double error;

            for (; i < sizes[size]; i++)
                set_add(&s, member(seed, i));
            assert_true(set_count(&s) > SET_EXACT);
            error = (double)set_count(&s) / sizes[size] - 1;
            square[size] += error * error;
            outside[size] += fabs(error) > 3 * ERROR;
            if (fabs(error) > 6 * ERROR) {
                print_error("seed %u: %u of %u members\n", (unsigned)seed, (unsigned)set_count(&s), sizes[size]);
                fail();
            }
        }
    }
    for (unsigned size = 0; size < COUNT_OF(sizes); size++)
        if (sqrt(square[size] / SEEDS) > 1.1 * ERROR || outside[size] > SEEDS / 100 + 1) {
            print_error("%u members: error %.4f, %u beyond\n", sizes[size], sqrt(square[size] / SEEDS), outside[size]);
            fail();
        }
}

static void repeated_members_count_once(void **state)
{
    struct set s = {0}, once;

    (void)state;
    for (uint32_t i = 0; i < 3000; i++)
        set_add(&s, member(1, i));
    once = s;
    for (uint32_t i = 0; i < 100000; i++)
        set_add(&s, member(1, any(3000)));
    assert_memory_equal(&s, &once, sizeof s);
}

static void the_order_does_not_matter(void **state)
{
    struct set up = {0}, down = {0};

    (void)state;
    for (uint32_t i = 0; i < 3000; i++) {
        set_add(&up, member(2, i));
        set_add(&down, member(2, 2999 - i));
    }
    assert_memory_equal(&up, &down, sizeof up);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(up_to_256_are_exact),       cmocka_unit_test(hashes_of_one_place_are_told_apart),
        cmocka_unit_test(the_hash_0_is_a_member),    cmocka_unit_test(extreme_registers_have_a_finite_count),
        cmocka_unit_test(more_are_estimated),        cmocka_unit_test(repeated_members_count_once),
        cmocka_unit_test(the_order_does_not_matter),
    };

    return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
