/* Totals of the kernel's counters: the first reading is the base, then rises add up, whatever the numbers do. */
#include "count/kernel.h"

#include <string.h>

#include "unit/helper.h"

#define ALL ((1u << KERNEL_COUNTERS) - 1)

/* Takes a reading in which all counters are known and have this number. */
static void take(struct kernel *k, uint64_t n)
{
    struct kernel_reading r = {.known = ALL};

    for (unsigned i = 0; i < KERNEL_COUNTERS; i++)
        r.n[i] = n;
    kernel_take(k, &r);
}

static void the_first_reading_is_the_base(void **state)
{
    struct kernel k = {.based = 0};

    (void)state;
    take(&k, 1000);
    assert_int_equal(k.now.known, ALL);
    for (unsigned i = 0; i < KERNEL_COUNTERS; i++)
        assert_int_equal(k.now.n[i], i < KERNEL_GAUGES ? 1000 : 0);
    take(&k, 1003);
    take(&k, 1003);
    take(&k, 1010);
    for (unsigned i = 0; i < KERNEL_COUNTERS; i++)
        assert_int_equal(k.now.n[i], i < KERNEL_GAUGES ? 1010 : 10);
}

static void rises_and_falls(void **state)
{
    static const struct {
        const char *what;
        uint64_t before, now, added;
    } row[] = {
        {"a rise", 5, 7, 2},
        {"none", 5, 5, 0},
        {"beyond 32 bits", UINT32_MAX, 1ull << 32, 1},
        {"far beyond", 0, UINT64_MAX, UINT64_MAX},
        {"32 bits wrap to 0", UINT32_MAX, 0, 1},
        {"32 bits wrap", UINT32_MAX - 9, 90, 100},
        {"the longest wrap", UINT32_MAX, (1u << 31) - 2, (1u << 31) - 1},
        {"half of the circle", UINT32_MAX, (1u << 31) - 1, 0},
        {"a small fall", 1000, 999, 0},
        {"anew from 0", 1000, 0, 0},
        {"anew from 0, the longest", 1u << 31, 0, 0},
        {"anew after more than 32 bits", 1ull << 32, 0, 0},
        {"a fall of 64 bits", (1ull << 32) + 5, 7, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct kernel k = {.based = 0};

        take(&k, row[i].before);
        take(&k, row[i].now);
        assert_row(k.now.n[LISTEN_DROPS] == row[i].added, row[i].what);
        if (row[i].now == UINT64_MAX)
            continue;
        take(&k, row[i].now + 1); /* it has a base again */
        assert_row(k.now.n[LISTEN_DROPS] == row[i].added + 1, row[i].what);
    }
}

static void a_counter_that_is_not_read_keeps_its_base(void **state)
{
    struct kernel k = {.based = 0};
    struct kernel_reading less = {.known = ALL & ~(1u << OUT_RSTS), .n = {[OUT_RSTS] = 7, [TIMEOUTS] = 12}};

    (void)state;
    take(&k, 10);
    kernel_take(&k, &less);
    assert_int_equal(k.now.known, less.known);
    assert_int_equal(k.now.n[TIMEOUTS], 2);
    take(&k, 15);
    assert_int_equal(k.now.known, ALL);
    assert_int_equal(k.now.n[OUT_RSTS], 5);
    assert_int_equal(k.now.n[TIMEOUTS], 5);
}

/* The module of IPv6 was loaded, for instance: what it counted before is no rise. */
static void a_counter_that_comes_later_begins_with_its_base(void **state)
{
    struct kernel k = {.based = 0};
    const struct kernel_reading nothing = {.known = 0};

    (void)state;
    kernel_take(&k, &nothing);
    assert_int_equal(k.now.known, 0);
    take(&k, 500);
    assert_int_equal(k.now.n[UDP_NO_PORTS], 0);
    take(&k, 501);
    assert_int_equal(k.now.n[UDP_NO_PORTS], 1);
}

/* The total is the sum of all rises, whatever comes between. */
static void a_counter_that_is_read_no_more_is_an_error(void **state)
{
    const struct kernel_reading nothing = {.known = 0}, gauge = {.known = 1u << CONNTRACK_COUNT};
    struct kernel k = {.based = 0};

    (void)state;
    kernel_take(&k, &nothing);
    assert_false(k.failed); /* the system has none */
    kernel_take(&k, &gauge);
    take(&k, 5);
    assert_false(k.failed); /* a gauge may go, with its module */
    kernel_take(&k, &nothing);
    assert_true(k.failed);
    take(&k, 5);
    assert_false(k.failed);
}

static void totals_are_the_sums_of_rises(void **state)
{
    (void)state;
    any_seed(5);
    for (int turn = 0; turn < 300 / ONE_IN; turn++) {
        bool bits32 = any(2);
        uint64_t n = bits32 ? any(UINT32_MAX) : (uint64_t)any(UINT32_MAX) << any(32), sum = 0, pending = 0;
        struct kernel k = {.based = 0};

        take(&k, n);
        for (int poll = 0; poll < 50; poll++) {
            uint64_t rise = any(2) ? any(1u << 30) : any(5);

            n = bits32 ? (uint32_t)(n + rise) : n + rise;
            pending += rise;
            if (bits32 || any(3)) {
                take(&k, n);
                sum += pending;
                pending = 0;
            } else {
                const struct kernel_reading nothing = {.known = 0};

                kernel_take(&k, &nothing);
            }
            assert_true(k.now.n[RETRANS_SEGS] == sum);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_reading_is_the_base),
        cmocka_unit_test(rises_and_falls),
        cmocka_unit_test(a_counter_that_is_not_read_keeps_its_base),
        cmocka_unit_test(a_counter_that_comes_later_begins_with_its_base),
        cmocka_unit_test(a_counter_that_is_read_no_more_is_an_error),
        cmocka_unit_test(totals_are_the_sums_of_rises),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
