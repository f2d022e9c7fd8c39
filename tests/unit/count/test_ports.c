/* Sets of ports as ranges: cases that a reader can check, then any sets against the plainest way. */
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "count/ports.h"
#include "unit/helper.h"

static struct port_set set;
static struct port_range range[64];

static void add(uint16_t low, uint16_t high)
{
    for (uint32_t port = low; port <= high; port++)
        ports_add(&set, (uint16_t)port);
}

static const char *ranges(size_t max)
{
    static char text[2000];
    size_t n = ports_ranges(&set, range, max), len = 0;

    *text = '\0';
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%u-%u", i ? " " : "", range[i].low, range[i].high);
    return text;
}

static void a_set_is_its_ranges(void **state)
{
    (void)state;
    memset(&set, 0, sizeof set);
    assert_string_equal(ranges(64), "");
    add(0, 0);
    assert_string_equal(ranges(64), "0-0");
    add(65535, 65535);
    assert_string_equal(ranges(64), "0-0 65535-65535");
    add(63, 64); /* two words */
    add(128, 300);
    assert_string_equal(ranges(64), "0-0 63-64 128-300 65535-65535");
    add(0, 65535);
    assert_string_equal(ranges(64), "0-65535");
}

static void too_many_ranges_are_merged_over_the_smallest_gaps(void **state)
{
    (void)state;
    memset(&set, 0, sizeof set);
    add(10, 19);
    add(22, 22);
    add(25, 25);
    add(100, 100);
    add(200, 200);
    assert_string_equal(ranges(5), "10-19 22-22 25-25 100-100 200-200");
    assert_string_equal(ranges(4), "10-19 22-25 100-100 200-200"); /* of equal gaps the first stays */
    assert_string_equal(ranges(3), "10-25 100-100 200-200");
    assert_string_equal(ranges(2), "10-100 200-200");
    assert_string_equal(ranges(1), "10-200");
}

static void any_set_is_covered_by_as_many_ranges_as_may_be(void **state)
{
    (void)state;
    any_seed(7);
    for (unsigned round = 0; round < 300 / ONE_IN; round++) {
        uint32_t ports = 1 + any(round % 3 ? 2000 : 20), below = 1 + any(65536), runs = 0, covered = 0;
        size_t max = 1 + any(64), n;

        memset(&set, 0, sizeof set);
        for (uint32_t i = 0; i < ports; i++)
            ports_add(&set, (uint16_t)any(below));
        for (uint32_t port = 0; port < 65536; port++)
            runs += ports_have(&set, (uint16_t)port) && (!port || !ports_have(&set, (uint16_t)(port - 1)));
        n = ports_ranges(&set, range, max);
        assert_int_equal(n, runs < max ? runs : max);
        for (size_t i = 0; i < n; i++) {
            assert_true(!i || range[i].low > range[i - 1].high + 1);
            assert_true(ports_have(&set, range[i].low) && ports_have(&set, range[i].high));
            for (uint32_t port = range[i].low; port <= range[i].high; port++)
                covered += ports_have(&set, (uint16_t)port);
        }
        for (uint32_t port = 0; port < 65536; port++)
            covered -= ports_have(&set, (uint16_t)port);
        assert_int_equal(covered, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_its_ranges),
        cmocka_unit_test(too_many_ranges_are_merged_over_the_smallest_gaps),
        cmocka_unit_test(any_set_is_covered_by_as_many_ranges_as_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
