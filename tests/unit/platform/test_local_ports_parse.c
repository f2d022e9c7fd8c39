/* The kernel's settings of local ports, cut anywhere, and damaged. */
#include <stdio.h>
#include <string.h>

#include "local_ports_parse.h"
#include "unit/helper.h"

static struct port_set set;

static bool parse(const char *range, const char *reserved)
{
    static char copy[4096];
    size_t range_len = strlen(range), reserved_len = strlen(reserved);

    memcpy(copy, range, range_len);
    memset(&set, 0xff, sizeof set);
    return local_ports_parse(copy, range_len, flush_copy(reserved, reserved_len), reserved_len, &set);
}

/* Returns the set as text: "1000-1999,2001". */
static const char *ports(void)
{
    static char out[1024];
    struct port_range range[64];
    size_t n = ports_ranges(&set, range, COUNT_OF(range)), at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, range[i].low == range[i].high ? "%s%u" : "%s%u-%u",
                               i ? "," : "", range[i].low, range[i].high);
    return out;
}

static void reserved_ports_are_left_out_of_the_range(void **state)
{
    static const struct {
        const char *range, *reserved, *ports;
        unsigned n;
    } row[] = {
        {"32768\t60999\n", "\n", "32768-60999", 28232},
        {"1000\t1199\n", "1000-1009,1100\n", "1010-1099,1101-1199", 189},
        {"1000\t1199\n", "80,443,1199-2000,65535\n", "1000-1198", 199},
        {"1\t65535\n", "1-65534\n", "65535", 1},
        {"1000\t1000\n", "\n", "1000", 1},
        {"1000\t1009\n", "900-1100\n", "", 0},
        {"0\t65535\n", "0-32767\n", "32768-65535", 32768},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        assert_row(parse(row[i].range, row[i].reserved), row[i].range);
        assert_string_equal(ports(), row[i].ports);
        assert_int_equal(ports_count(&set), row[i].n);
    }
}

static void anything_else_is_not_known(void **state)
{
    static const char *const range[] = {"",
                                        "\n",
                                        "1000\n",
                                        "1000\t\n",
                                        "1000\t65536\n",
                                        "1000 1199\n",
                                        "1199\t1000\n",
                                        "1000\t1199\n\n",
                                        "-1\t1199\n",
                                        "1000\t1199",
                                        "x\ty\n",
                                        "1000\t4294968296\n"};
    static const char *const reserved[] = {"",        "80",    "80,\n",  ",80\n",       "80-\n", "90-80\n", "65536\n",
                                           "80;90\n", "80 \n", "\n80\n", "80-90-100\n", "x\n",   "1-2,3"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(range); i++) {
        bool whole = !strcmp(range[i], "1000\t1199\n\n"); /* what follows the line does not matter */

        assert_row(parse(range[i], "\n") == whole, range[i]);
        assert_row(ports_count(&set) == (whole ? 200 : 0), range[i]);
    }
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        bool whole = !strcmp(reserved[i], "\n80\n");

        assert_row(parse("1000\t1199\n", reserved[i]) == whole, reserved[i]);
        assert_row(ports_count(&set) == (whole ? 200 : 0), reserved[i]);
    }
}

static void a_list_that_was_cut_is_not_known(void **state)
{
    static const char range[] = "1000\t1199\n", reserved[] = "1000-1009,1100,65000-65535\n";

    (void)state;
    for (size_t len = 0; len < strlen(range); len++)
        assert_false(local_ports_parse(flush_copy(range, len), len, "\n", 1, &set));
    for (size_t len = 0; len <= strlen(reserved); len++)
        assert_int_equal(local_ports_parse(range, strlen(range), flush_copy(reserved, len), len, &set),
                         len == strlen(reserved));
}

static void any_list_takes_its_ports_away(void **state)
{
    (void)state;
    any_seed(5);
    for (int turn = 0; turn < 300 / ONE_IN; turn++) {
        unsigned low = 1 + any(65535), high = low + any(65536 - low), at = 1, left = 0;
        static bool taken[65536 + 1];
        char range[32], reserved[1024] = "";
        size_t len = 0;

        memset(taken, 0, sizeof taken);
        for (unsigned n = any(40); n && at < 65000; n--) {
            unsigned first = at + any(1000), last = first + any(3) * any(100);

            last = last > 65535 ? 65535 : last;
            first = first > last ? last : first;
            len += (size_t)sprintf(reserved + len, first == last ? "%s%u" : "%s%u-%u", len ? "," : "", first, last);
            for (unsigned port = first; port <= last; port++)
                taken[port] = true;
            at = last + 2;
        }
        sprintf(range, "%u\t%u\n", low, high);
        strcpy(reserved + len, "\n");
        assert_row(parse(range, reserved), reserved);
        for (unsigned port = 0; port < 65536; port++) {
            bool in = port >= low && port <= high && !taken[port];

            assert_row(ports_have(&set, (uint16_t)port) == in, reserved);
            left += in;
        }
        assert_int_equal(ports_count(&set), left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_ports_are_left_out_of_the_range),
        cmocka_unit_test(anything_else_is_not_known),
        cmocka_unit_test(a_list_that_was_cut_is_not_known),
        cmocka_unit_test(any_list_takes_its_ports_away),
    };

    return cmocka_run_group_tests_name("local_ports_parse", tests, NULL, NULL);
}
