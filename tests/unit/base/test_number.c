#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "unit/helper.h"

#define REFUSED (UINT64_C(0x7ff) << 52) /* infinite, which is never read */

/* Returns the bits of text's number. */
static uint64_t bits_of(const char *text)
{
    size_t len = strlen(text);
    double number = 7;

    if (number_read(flush_copy(text, len), len, &number))
        return number_bits(number);
    assert_row(number_bits(number) == number_bits(7), text);
    return REFUSED;
}

static const char *text_of_bits(uint64_t bits)
{
    static char text[NUMBER_TEXT_MAX + 1];
    struct buf b = {.data = text, .cap = NUMBER_TEXT_MAX};

    buf_double(&b, number_of_bits(bits));
    assert_false(b.full);
    text[b.len] = '\0';
    return text;
}

static void decimals_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t bits;
    } row[] = {
        {"0", 0},
        {"-0", 0x8000000000000000},
        {"1", 0x3ff0000000000000},
        {"+1", 0x3ff0000000000000},
        {"-1", 0xbff0000000000000},
        {"0001", 0x3ff0000000000000},
        {"1.", 0x3ff0000000000000},
        {".5", 0x3fe0000000000000},
        {"0.1", 0x3fb999999999999a},
        {"1e3", 0x408f400000000000},
        {"1E+3", 0x408f400000000000},
        {"1000e-3", 0x3ff0000000000000},
        {"100000000000000000000e-20", 0x3ff0000000000000},
        {"0.00000000000000000000000000001e29", 0x3ff0000000000000},
        {"3.14159265358979323846264338327950288", 0x400921fb54442d18},
        {"9007199254740991", 0x433fffffffffffff},
        {"9007199254740992", 0x4340000000000000},
        {"9007199254740993", 0x4340000000000000}, /* halfway: the even one */
        {"9007199254740993.0000000000000000000000000000001", 0x4340000000000001},
        {"9007199254740995", 0x4340000000000002},
        {"18446744073709551615", 0x43f0000000000000},
        {"1e22", 0x4480f0cf064dd592},
        {"1e23", 0x44b52d02c7e14af6},
        {"1.7976931348623157e308", 0x7fefffffffffffff},
        {"1.7976931348623158e308", 0x7fefffffffffffff},
        {"1.7976931348623159e308", REFUSED},
        {"1e309", REFUSED},
        {"1e99999999999999999999", REFUSED},
        {"0e99999999999999999999", 0},
        {"1e-99999999999999999999", 0},
        {"2.2250738585072014e-308", 0x0010000000000000},
        {"2.2250738585072011e-308", 0x000fffffffffffff}, /* once an endless loop of PHP and Java */
        {"2.2250738585072012e-308", 0x0010000000000000},
        {"5e-324", 1},
        {"2.4703282292062328e-324", 1},
        {"2.4703282292062327e-324", 0},
        {"1e-400", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_row(bits_of(row[i].text) == row[i].bits, row[i].text);
}

static void nothing_but_a_decimal_is_read(void **state)
{
    static const char *const row[] = {
        "",    "-",    "+",     ".",        "-.",    "e",     "e1",    ".e1",      "1e", "1e+", "1e-",
        "+-1", "--1",  "1-",    "1.2.",     "1..2",  "1,5",   "0x10",  " 1",       "1 ", "1\n", "Inf",
        "inf", "NaN",  "nan",   "-inf",     "1e1.5", "1e1e1", "1_0",   "ten",      "1f", "1L",  "1:2",
        "1|c", "\x80", "1\x80", "infinity", "0b1",   "1e 1",  "1e+-1", "\xd9\xa1",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_row(bits_of(row[i]) == REFUSED, visible(row[i], strlen(row[i])));
    assert_int_equal(number_read("1\0", 2, &(double){0}), false);
}

/* The digits are those of 2^53 + 1, which is halfway, and 800 zeros: only a 1 after them makes it larger. */
static void all_digits_count(void **state)
{
    static char text[1000];

    (void)state;
    memset(text, '0', sizeof text - 1);
    memcpy(text, "9007199254740993.", 17);
    assert_int_equal(bits_of(text), 0x4340000000000000);
    text[900] = '1';
    assert_int_equal(bits_of(text), 0x4340000000000001);
    memset(text, '9', sizeof text - 1);
    assert_int_equal(bits_of(text), REFUSED);
    text[1] = '.';
    memcpy(text + sizeof text - 6, "e-300", 5);
    assert_int_equal(bits_of(text), bits_of("1e-299"));
}

static void numbers_are_written_shortest(void **state)
{
    static const struct {
        uint64_t bits;
        const char *text;
    } row[] = {
        {0, "0"},
        {0x8000000000000000, "0"},
        {0x3ff0000000000000, "1"},
        {0xc059000000000000, "-100"},
        {0x3ff8000000000000, "1.5"},
        {0x3fb999999999999a, "0.1"},
        {0x3fd3333333333334, "0.30000000000000004"},
        {0x400921fb54442d18, "3.141592653589793"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x433fffffffffffff, "9007199254740991"},
        {0x4340000000000000, "9007199254740992"},
        {0x4340000000000001, "9007199254740994"},
        {0x43f0000000000000, "18446744073709552000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e21"},
        {0x4480f0cf064dd592, "1e22"},
        {0x44b52d02c7e14af6, "1e23"},
        {0x3d30000000000000, "5.684341886080802e-14"}, /* 2^-44: ...801 is nearer, but not the same double */
        {0x7fefffffffffffff, "1.7976931348623157e308"},
        {0xffefffffffffffff, "-1.7976931348623157e308"},
        {0x0010000000000000, "2.2250738585072014e-308"},
        {0x000fffffffffffff, "2.225073858507201e-308"},
        {1, "5e-324"},
        {2, "1e-323"},
        {3, "1.5e-323"},
        {0x7ff0000000000000, "1.7976931348623157e308"},
        {0xfff0000000000000, "-1.7976931348623157e308"},
        {0x7ff8000000000000, "1.7976931348623157e308"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        const char *text = text_of_bits(row[i].bits);

        assert_row(!strcmp(text, row[i].text), text);
    }
}

static void a_number_without_room_is_left_out(void **state)
{
    char text[4] = "abc";
    struct buf b = {.data = text, .len = 1, .cap = 3};

    (void)state;
    buf_double(&b, 1.5);
    assert_true(b.full);
    assert_int_equal(b.len, 1);
    assert_string_equal(text, "abc");
    b = (struct buf){.cap = SIZE_MAX};
    buf_double(&b, -1.5);
    assert_int_equal(b.len, 4);
}

static void read_back(uint64_t bits)
{
    const char *text = text_of_bits(bits);

    if (bits_of(text) != bits)
        print_error("bits: 0x%llx\n", (unsigned long long)bits);
    assert_row(bits_of(text) == bits, text);
}

static uint64_t any_bits(void)
{
    return (uint64_t)any(UINT32_MAX) << 32 | any(UINT32_MAX);
}

/* These are all powers of 2 and their neighbours, then bits at random, and numbers with few digits. */
static void what_is_written_is_read_back(void **state)
{
    (void)state;
    for (uint64_t exponent = 0; exponent < 2047; exponent++)
        for (uint64_t i = 0; i < 3; i++) {
            read_back((exponent << 52) + 1 + i);
            read_back(((exponent + 1) << 52) - 1 - i);
            if (exponent)
                read_back(exponent << 52);
        }
    any_seed(25);
    for (int i = 0; i < 30000 / ONE_IN; i++) {
        uint64_t bits = any_bits();

        if ((bits & REFUSED) == REFUSED)
            continue;
        read_back(bits);
        read_back(((bits & (UINT64_MAX >> 12)) >> any(52)) + 1); /* subnormal */
    }
    for (int i = 0; i < 30000 / ONE_IN; i++) {
        char text[40];

        sprintf(text, "%u.%03u1", any(100000), any(1000));
        assert_row(!strcmp(text_of_bits(bits_of(text)), text), text);
    }
}

/* The C library's function is another author's. */
static void numbers_are_those_of_strtod(void **state)
{
    (void)state;
    any_seed(26);
    for (int i = 0; i < 30000 / ONE_IN; i++) {
        char text[64];
        size_t len = 0, digits = 1 + any(30), point = any(31);
        uint64_t bits;

        for (size_t at = 0; at < digits; at++) {
            if (at == point)
                text[len++] = '.';
            text[len++] = (char)('0' + any(10));
        }
        text[len] = '\0';
        if (any(2))
            sprintf(text + len, "e%d", (int)any(660) - 340);
        bits = number_bits(strtod(text, NULL));
        assert_row(bits_of(text) == bits, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_read),
        cmocka_unit_test(nothing_but_a_decimal_is_read),
        cmocka_unit_test(all_digits_count),
        cmocka_unit_test(numbers_are_written_shortest),
        cmocka_unit_test(a_number_without_room_is_left_out),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(numbers_are_those_of_strtod),
    };

    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
