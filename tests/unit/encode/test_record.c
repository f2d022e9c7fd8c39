#include <string.h>

#include "encode/record.h"
#include "unit/helper.h"

static void a_field_ends_where_its_length_says(void **state)
{
    static const struct {
        const char *bytes;
        size_t len, first;
    } row[] = {
        {"\x0a\x00", 2, 2},
        {"\x0a\x03xyz\x0a\x00", 7, 5},
        {"\x0a\x0a\n\n\n\n\n\n\n\n\n\n\x0a\x00", 14, 12}, /* a newline is a byte like others */
        {"\x0a\x83\x80\x00xyz\x0a\x00", 9, 7},            /* a padded length */
        {"\x0a\x03xy", 4, 4},                             /* cut */
        {"\x0a\xff\xff\xff\xff\x0f", 6, 6},
        {"\x0a\x80", 2, 2},
        {"\x0a", 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_row(record_field(flush_copy(row[i].bytes, row[i].len), row[i].len) == row[i].first,
                   visible(row[i].bytes, row[i].len));
}

static void fields_of_any_length_are_found_again(void **state)
{
    static char data[70000];
    uint32_t n;

    (void)state;
    for (size_t len = 0; len < 20000; len += 1 + len / 7) {
        size_t at = 1, rest = len, one;

        data[0] = 0x0a;
        for (; rest >= 128; rest >>= 7)
            data[at++] = (char)(rest | 128);
        data[at++] = (char)rest;
        memset(data + at, 0x0a, len);
        one = at + len;
        for (size_t i = 1; i < 3; i++)
            memcpy(data + i * one, data, one);
        assert_int_equal(record_pack(record_field, data, 3 * one, 2 * one - 1, &n), 2 * one);
        assert_int_equal(n, 2);
        assert_int_equal(record_pack(record_field, data, 3 * one, 2 * one - 2, &n), one);
        assert_int_equal(record_pack(record_field, data, 3 * one, 0, &n), one);
        assert_int_equal(n, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_ends_where_its_length_says),
        cmocka_unit_test(fields_of_any_length_are_found_again),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
