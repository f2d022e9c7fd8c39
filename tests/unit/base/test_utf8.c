#include <string.h>

#include "base/utf8.h"
#include "unit/helper.h"

static void characters_are_those_of_rfc_3629(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        uint32_t code;
    } row[] = {
        {"", 0, 0},
        {"a", 1, 'a'},
        {"\x7f", 1, 0x7f},
        {"\xc3\xbc", 2, 0xfc},
        {"\xc2\x80", 2, 0x80},
        {"\xdf\xbf", 2, 0x7ff},
        {"\xe0\xa0\x80", 3, 0x800},
        {"\xed\x9f\xbf", 3, 0xd7ff},
        {"\xee\x80\x80", 3, 0xe000},
        {"\xef\xbf\xbf", 3, 0xffff},
        {"\xf0\x90\x80\x80", 4, 0x10000},
        {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
        {"\x80", 0, 0},
        {"\xbf", 0, 0},
        {"\xfc", 0, 0},
        {"\xff", 0, 0},
        {"\xfe", 0, 0},
        {"\xc3", 0, 0},
        {"\xc3z", 0, 0},
        {"\xe2\x82", 0, 0},
        {"\xe2\x82z", 0, 0},
        {"\xf0\x9f\x98", 0, 0},
        {"\xf0\x9f\x98z", 0, 0},
        {"\xc0\x80", 0, 0},
        {"\xc1\xbf", 0, 0},
        {"\xe0\x80\x80", 0, 0},
        {"\xe0\x9f\xbf", 0, 0},
        {"\xf0\x80\x80\x80", 0, 0},
        {"\xf0\x8f\xbf\xbf", 0, 0},
        {"\xed\xa0\x80", 0, 0},
        {"\xed\xbf\xbf", 0, 0},
        {"\xf4\x90\x80\x80", 0, 0},
        {"\xf5\x80\x80\x80", 0, 0},
        {"\xf8\x88\x80\x80\x80", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        size_t len = strlen(row[i].text);
        uint32_t code = 0;

        assert_row(utf8_read(flush_copy(row[i].text, len), len, &code) == row[i].len, visible(row[i].text, len));
        assert_row(!row[i].len || code == row[i].code, visible(row[i].text, len));
    }
}

static void what_is_not_seen_is_a_control(void **state)
{
    static const uint32_t yes[] = {0,      '\n',   0x1b,   0x7f,   0x80,   0x9b,   0x9f,   0x200b, 0x200e,
                                   0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff, 0xe0041},
                          no[] = {' ', 'a', 0xa0, 0xfc, 0x2010, 0x2030, 0x20ac, 0x4e2d, 0xfffd, 0x1f600};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(yes); i++)
        assert_true(utf8_is_control(yes[i]));
    for (size_t i = 0; i < COUNT_OF(no); i++)
        assert_false(utf8_is_control(no[i]));
}

static void each_byte_of_no_character_becomes_an_underscore(void **state)
{
    static const struct {
        const char *text, *clean;
    } row[] = {
        {"", ""},
        {"web-1", "web-1"},
        {"b\xc3\xbc", "b\xc3\xbc"},
        {"\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7"},
        {"b\xfc", "b_"},
        {"\xfc"
         "b",
         "_b"},
        {"a\xc3", "a_"},
        {"\xe2\x82", "__"},
        {"\xe2\x82z", "__z"},
        {"\xc3\xc3\xbc", "_\xc3\xbc"},
        {"\xed\xa0\x80", "___"},
        {"\xc0\xaf", "__"},
        {"\xf5\x80\x80\x80", "____"},
        {"\x80\x01\x7f", "_\x01\x7f"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        char *text = flush_copy(row[i].text, strlen(row[i].text) + 1);

        assert_row(utf8_clean(text) == (strcmp(row[i].text, row[i].clean) != 0), row[i].clean);
        assert_string_equal(text, row[i].clean);
        assert_false(utf8_clean(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_those_of_rfc_3629),
        cmocka_unit_test(what_is_not_seen_is_a_control),
        cmocka_unit_test(each_byte_of_no_character_becomes_an_underscore),
    };

    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
