#include "base/value.h"
#include "unit/helper.h"

#define REFUSED   (-1)
#define UNTOUCHED (-7)

struct row {
    const char *text;
    int64_t value; /* REFUSED: the text must be refused, and *out stays unchanged */
};

static void check(bool (*read)(const char *, int64_t *), const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = UNTOUCHED;
        bool good = read(row[i].text, &value);

        assert_row(good == (row[i].value != REFUSED), row[i].text);
        assert_row(value == (good ? row[i].value : UNTOUCHED), row[i].text);
    }
}

static void a_count_is_digits_and_nothing_else(void **state)
{
    /* clang-format off */
    static const struct row row[] = {
        {"0", 0}, {"12", 12}, {"007", 7}, {"9223372036854775807", INT64_MAX},
        {"9223372036854775808", REFUSED}, {"99999999999999999999999", REFUSED},
        {"", REFUSED}, {"-1", REFUSED}, {"+1", REFUSED}, {"1 ", REFUSED}, {" 1", REFUSED}, {"1.0", REFUSED},
        {"0x10", REFUSED}, {"1e3", REFUSED}, {"1\xff", REFUSED}, {"ten", REFUSED},
    };
    /* clang-format on */

    (void)state;
    check(value_count, row, COUNT_OF(row));
}

static void a_duration_needs_its_unit(void **state)
{
    /* clang-format off */
    static const struct row row[] = {
        {"500ms", 500}, {"10s", 10000}, {"1m", 60000}, {"1h", 3600000}, {"1m30s", 90000}, {"1h1m1s1ms", 3661001},
        {"0s", 0}, {"9223372036854775807ms", INT64_MAX},
        {"9223372036854775808ms", REFUSED}, {"9223372036854775807s", REFUSED}, {"9223372036854775807ms1ms", REFUSED},
        {"10", REFUSED}, {"", REFUSED}, {"s", REFUSED}, {"ms", REFUSED}, {"1m30", REFUSED}, {"1.5s", REFUSED},
        {"-1s", REFUSED}, {"1 s", REFUSED}, {"1s ", REFUSED}, {"1d", REFUSED}, {"1us", REFUSED}, {"1sec", REFUSED},
        {"1mss", REFUSED}, {"1\xffs", REFUSED},
    };
    /* clang-format on */

    (void)state;
    check(value_duration_ms, row, COUNT_OF(row));
}

static void a_size_may_have_a_unit(void **state)
{
    /* clang-format off */
    static const struct row row[] = {
        {"1432", 1432}, {"1432B", 1432}, {"1KB", 1000}, {"1MB", 1000000}, {"256KiB", 262144}, {"64MiB", 67108864},
        {"0", 0}, {"9223372036854775807B", INT64_MAX}, {"8796093022207MiB", 8796093022207ll << 20},
        {"8796093022208MiB", REFUSED}, {"9223372036854775808", REFUSED},
        {"", REFUSED}, {"B", REFUSED}, {"KiB", REFUSED}, {"1GB", REFUSED}, {"1Ki", REFUSED}, {"1K", REFUSED},
        {"1KiBs", REFUSED}, {"1KiB1", REFUSED}, {"-1B", REFUSED}, {"1.5KiB", REFUSED}, {"1 KiB", REFUSED},
    };
    /* clang-format on */

    (void)state;
    check(value_size, row, COUNT_OF(row));
}

static void a_boolean_is_one_of_eight_words(void **state)
{
    static const struct row row[] = {
        {"on", 1},      {"true", 1},    {"yes", 1},       {"1", 1},       {"off", 0},          {"false", 0},
        {"no", 0},      {"0", 0},       {"On", 1},        {"TRUE", 1},    {"False", 0},        {"", REFUSED},
        {"2", REFUSED}, {"o", REFUSED}, {"onn", REFUSED}, {"y", REFUSED}, {"enable", REFUSED},
    };

    (void)state;
    check(value_bool, row, COUNT_OF(row));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_count_is_digits_and_nothing_else),
        cmocka_unit_test(a_duration_needs_its_unit),
        cmocka_unit_test(a_size_may_have_a_unit),
        cmocka_unit_test(a_boolean_is_one_of_eight_words),
    };

    return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
