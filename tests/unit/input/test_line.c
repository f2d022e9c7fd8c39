#include <string.h>

#include "unit/helper.h"
#include "unit/input/line_helper.h"

#define CONTROL   "control character"
#define NO_COLON  "no colon after a name"
#define NO_NAME   "no name"
#define IN_NAME   "colon in the name"
#define NO_VALUE  "no value"
#define NO_NUMBER "value is not a number"
#define NO_TYPE   "no type"
#define BAD_TYPE  "unknown type"
#define BAD_RATE  "rate is not a number from 0.000001 to 1"
#define MIXED     "two ways of several values, or sections after several types"
#define BAD_EVENT "event whose lengths do not fit"
#define BAD_CHECK "service check without a name or a status from 0 to 3"

struct row {
    const char *line, *words;
};

static void check(const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *words = line_in_words(row[i].line, strlen(row[i].line));

        if (strcmp(words, row[i].words))
            print_error("words: %s\n", words);
        assert_row(!strcmp(words, row[i].words), visible(row[i].line, strlen(row[i].line)));
    }
}

static void each_kind_has_its_type(void **state)
{
    static const struct row row[] = {
        {"a:1|c", "a c=1"},   {"a:1|g", "a g=1"},   {"a:1|ms", "a ms=1"},   {"a:1|h", "a h=1"},
        {"a:1|d", "a d=1"},   {"a:1|s", "a s=1"},   {"a:1|C", BAD_TYPE},    {"a:1|kv", BAD_TYPE},
        {"a:1|x", BAD_TYPE},  {"a:1|m", BAD_TYPE},  {"a:1|mx", BAD_TYPE},   {"a:1|mss", BAD_TYPE},
        {"a:1|cs", BAD_TYPE}, {"a:1|c ", BAD_TYPE}, {"req:1|c", "req c=1"}, {"req:5|ms", "req ms=5"},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

static void values_are_decimal_numbers(void **state)
{
    static const struct row row[] = {
        {"a:1.5|c", "a c=1.5"},
        {"a:1e2|c", "a c=100"},
        {"a:-3|c", "a c=-3"},
        {"a:+3|c", "a c=3"},
        {"a:-1|ms", "a ms=-1"},
        {"a:0.1|h", "a h=0.1"},
        {"a:NaN|g", NO_NUMBER},
        {"a:Inf|g", NO_NUMBER},
        {"a:1e999|g", NO_NUMBER},
        {"a:0x10|c", NO_NUMBER},
        {"a: 1 |c", NO_NUMBER},
        {"a:1,5|g", NO_NUMBER},
        {"a:x|c", NO_NUMBER},
        {"a:-|g", NO_NUMBER},
        {"a:5|g", "a g=5"},
        {"a:-5|g", "a g=-5 signed"},
        {"a:+5|g", "a g=5 signed"},
        {"a:-0|g", "a g=0 signed"},
        {"a:1:-5|g", "a g=1 g=-5 signed"},
        {"a:-x|s", "a s=-x"},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

static void a_line_may_have_several_values(void **state)
{
    static const struct row row[] = {
        {"a:1:2:3|c", "a c=1 c=2 c=3"},
        {"a:1:2:3|ms|@0.5", "a ms=1@0.5 ms=2@0.5 ms=3@0.5"},
        {"a:1:2:3|g", "a g=1 g=2 g=3"},
        {"a:1::3|c", "a c=1 c=3"},
        {"a::1:|c", "a c=1"},
        {"a:|c", NO_VALUE},
        {"a::|c", NO_VALUE},
        {"a:|s", NO_VALUE},
        {"a:1:x|c", NO_NUMBER},
        {"a:1:x:2|c", NO_NUMBER},
        {"a:x:y|s", "a s=x:y"},
        {"a::x|s", "a s=:x"},
        {"a:x:y|s|#k:v", "a s=x:y #k=v"},
        {"a:1|c:2|c:3|c", "a c=1 c=2 c=3"},
        {"a:1|c|@0.1:2|c", "a c=1@0.1 c=2"},
        {"a:1|c:2|c|@0.1", "a c=1 c=2@0.1"},
        {"a:1|c|@0.1|@0.5:2|c|@0.5|@0.1", "a c=1@0.5 c=2@0.1"},
        {"a:1|c:20|ms|@0.1:-3|g:x|s", "a c=1 ms=20@0.1 g=-3 s=x signed"},
        {"a:x:y|s:z:|s", "a s=x:y s=z:"},
        {"a:1:2|c:3|c", MIXED},
        {"a:1|c:2:3|c", MIXED},
        {"a:1|c:2|c|#k:v", MIXED},
        {"a:1|c:2|c|T1", MIXED},
        {"a:1|c:2|c|", MIXED},
        {"a:1|c:", NO_VALUE},
        {"a:1|c::2|c", MIXED},
        {"a:1|c:2", NO_TYPE},
        {"a:1|c:2|", NO_TYPE},
        {"a:1|c:2|x", BAD_TYPE},
        {"a:1|c:x|c", NO_NUMBER},
        {"a:x|c:1|c", NO_NUMBER},
        {"a:1|c|@2:2|c|@0", BAD_RATE},
        {"a:1|c|@:2|c", BAD_RATE},
        {"a:1|c|#k:v|@0.1:2|c", BAD_RATE},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

static void a_rate_is_above_0_and_at_most_1(void **state)
{
    static const struct row row[] = {
        {"a:1|c|@0.1", "a c=1@0.1"},
        {"a:1|c|@1e-1", "a c=1@0.1"},
        {"a:1|c|@+0.1", "a c=1@0.1"},
        {"a:1|c|@1", "a c=1"},
        {"a:1|c|@2", "a c=1"},
        {"a:1|c|@0.000001", "a c=1@0.000001"},
        {"a:1|c|@0.00000099999", BAD_RATE},
        {"a:1|c|@0", BAD_RATE},
        {"a:1|c|@-0", BAD_RATE},
        {"a:1|c|@-1", BAD_RATE},
        {"a:1|c|@", BAD_RATE},
        {"a:1|c|@x", BAD_RATE},
        {"a:1|c|@1e-9", BAD_RATE},
        {"a:1|c|@NaN", BAD_RATE},
        {"a:1|c|@x|@0.5", BAD_RATE},
        {"a:5|g|@0.1", "a g=5"},
        {"a:x|s|@0.1", "a s=x"},
        {"a:5|g|@0", BAD_RATE},
        {"a:100|ms|@0.1", "a ms=100@0.1"},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

static void sections_come_in_any_order(void **state)
{
    static const struct row row[] = {
        {"a:1|c|@0.5|#k:v", "a c=1@0.5 #k=v"},
        {"a:1|c|#k:v|@0.5", "a c=1@0.5 #k=v"},
        {"a:1|c|#k:v|#l:w", "a c=1 #l=w"},
        {"a:1|c|@0.1|@0.5", "a c=1@0.5"},
        {"a:1|c|#k:v|T1700000000", "a c=1 #k=v timed"},
        {"a:1|g|T1700000000|#k:v", "a g=1 #k=v timed"},
        {"a:1|ms|T1700000000", "a ms=1"},
        {"a:1|s|T1700000000", "a s=1"},
        {"a:1|c|T", "a c=1"},
        {"a:1|c|T17x", "a c=1"},
        {"a:1|c|c:abc|e:it-false,cn-x|card:low", "a c=1"},
        {"a:1|c|zz:future", "a c=1"},
        {"a:1|c|c:ci-1|@0.5|#k:v|e:x:y", "a c=1@0.5 #k=v"},
        {"a:1|c|", "a c=1"},
        {"a:1|c|||#k:v|", "a c=1 #k=v"},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

static void tags_have_a_key_and_perhaps_a_value(void **state)
{
    static const struct row row[] = {
        {"a:1|c|#", "a c=1"},
        {"a:1|c|#,,x:y,", "a c=1 #x=y"},
        {"a:1|c|#k:", "a c=1 #k="},
        {"a:1|c|#:v", "a c=1"},
        {"a:1|c|#:v,k:v", "a c=1 #k=v"},
        {"a:1|c|#k:v:w", "a c=1 #k=v:w"},
        {"a:1|c|#k::", "a c=1 #k=:"},
        {"a:1|c|#prod", "a c=1 #prod"},
        {"a:1|c|#prod,k:v,prod", "a c=1 #prod #k=v #prod"},
        {"a:1|c|#url:http://h:80/x?y=z", "a c=1 #url=http://h:80/x?y=z"},
        {"a:1|c|#k:v w;\xc3\xbc=#@", "a c=1 #k=v w;\xc3\xbc=#@"},
    };
    struct line l;

    (void)state;
    check(row, COUNT_OF(row));
    assert_int_equal(line_parse("a:1|c", 5, &l), LINE_GOOD);
    assert_null(l.tags.at);
    assert_int_equal(line_parse("a:1|c|#", 7, &l), LINE_GOOD);
    assert_non_null(l.tags.at);
}

static void a_name_may_hold_almost_anything(void **state)
{
    static const struct row row[] = {
        {"my name/x;y=z,w:1|c", "my name/x;y=z,w c=1"},
        {"b\xc3\xbc:1|c", "b\xc3\xbc c=1"},
        {"b\xfc\x80:1|c", "b\xfc\x80 c=1"},
        {"n,k=v:1|c", "n,k=v c=1"},
        {"n[k=v]#@:1|c", "n[k=v]#@ c=1"},
        {"_e:1|c", "_e c=1"},
        {"_sc:1|c", "_sc c=1"},
        {"Foo::Bar:1|c", IN_NAME},
        {"Foo::Bar:1|ms|@0.1", IN_NAME},
        {"Foo:Bar:1|c", IN_NAME},
        {"Foo::Bar:x|c", NO_NUMBER},
        {"::Foo:1|c", NO_NAME},
        {":1|c", NO_NAME},
        {":", NO_NAME},
        {"", NO_COLON},
        {"a", NO_COLON},
        {"|c", NO_COLON},
        {"a|c", NO_COLON},
        {"a|1:c", NO_COLON},
        {"a:", NO_TYPE},
        {"a:1", NO_TYPE},
        {"a:1|", NO_TYPE},
        {"a:1||c", NO_TYPE},
        {"a:1|:2|c", NO_TYPE},
        {"#EOF", NO_COLON},
        {"GET / HTTP/1.1", NO_COLON},
        {"Host: localhost:8125", NO_TYPE},
        {"\x16\x03\x01\x02", CONTROL},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

/* The control character is at each place of lines of each length, because eight bytes are looked at at a time. */
static void control_characters_are_refused(void **state)
{
    static const char control[] = {0, 1, '\t', '\n', '\r', 0x1b, 0x1f, 0x7f};

    (void)state;
    for (size_t len = 5; len < 40; len++)
        for (size_t at = 0; at < len; at++) {
            char line[40] = "a:1|c|#";

            memset(line + 7, 'x', sizeof line - 7);
            assert_int_equal(strcmp(line_in_words(line, len), CONTROL) != 0, 1);
            line[at] = control[(len + at) % sizeof control];
            assert_string_equal(line_in_words(line, len), CONTROL);
        }
    assert_string_equal(line_in_words("a:1|c\r", 6), CONTROL);
    assert_string_equal(line_in_words("a\0:1|c", 6), CONTROL);
}

static void events_and_service_checks_are_known(void **state)
{
    static const struct row row[] = {
        {"_e{5,4}:title|text", "title event"},
        {"_e{5,4}:title|text|d:1|h:a|k:b|p:low|s:c|t:info|#k:v,t|c:d", "title event #k=v #t"},
        {"_e{5,4}:a|b:c|d|#f|#k:v", "a|b:c event #k=v"},
        {"_e{2,6}:\xc3\xbc|a\\nb|c", "\xc3\xbc event"},
        {"_e{5,0}:title|", "title event"},
        {"_e{5,5}:title|text", BAD_EVENT},
        {"_e{5,3}:title|text", BAD_EVENT},
        {"_e{4,4}:title|text", BAD_EVENT},
        {"_e{6,4}:title|text", BAD_EVENT},
        {"_e{50,4}:title|text", BAD_EVENT},
        {"_e{0,4}:|text", BAD_EVENT},
        {"_e{999999999,999999999}:title|text", BAD_EVENT},
        {"_e{18446744073709551615,1}:title|text", BAD_EVENT},
        {"_e{-5,4}:title|text", BAD_EVENT},
        {"_e{,4}:title|text", BAD_EVENT},
        {"_e{5}:title|text", BAD_EVENT},
        {"_e{5,4}title|text", BAD_EVENT},
        {"_e{5,4}:title", BAD_EVENT},
        {"_e{5,4}:", BAD_EVENT},
        {"_e{5,4}", BAD_EVENT},
        {"_e{5,4", BAD_EVENT},
        {"_e{", BAD_EVENT},
        {"_sc|name|0", "name check"},
        {"_sc|my name:x|3|d:1|h:a|#k:v,t|m:a message: #x", "my name:x check #k=v #t"},
        {"_sc|name|0|m:text", "name check"},
        {"_sc|name|4", BAD_CHECK},
        {"_sc|name|00", BAD_CHECK},
        {"_sc|name|", BAD_CHECK},
        {"_sc|name", BAD_CHECK},
        {"_sc||0", BAD_CHECK},
        {"_sc|", BAD_CHECK},
        {"_e{1,1}:a|\t", CONTROL},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

static void sections_can_be_walked(void **state)
{
    static const struct row row[] = {
        {"a:1|c", ""},
        {"a:1|c|@0.5|#k:v,l|c:x|T1|", "<@0.5><#k:v,l><c:x><T1><>"},
        {"a:1|c|@0.5:2|c", ""},
        {"_e{1,1}:a|b|d:1|#k", "<d:1><#k>"},
        {"_sc|a|0|#k|m:x", "<#k><m:x>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        char text[100];
        struct buf b = {.data = text, .cap = sizeof text};
        struct span section;
        struct line l;

        assert_int_equal(line_parse(row[i].line, strlen(row[i].line), &l), LINE_GOOD);
        while (line_next_section(&l.sections, &section)) {
            buf_char(&b, '<');
            buf_put(&b, section.at, section.len);
            buf_char(&b, '>');
        }
        buf_char(&b, '\0');
        assert_row(!strcmp(text, row[i].words), row[i].line);
    }
}

static void a_datagram_is_split(void **state)
{
    static const struct row row[] = {
        {"", ""},
        {"\n", ""},
        {"\r\n\r\n\n", ""},
        {"a:1|c", "<a:1|c>"},
        {"a:1|c\n", "<a:1|c>"},
        {"a:1|c\r\n", "<a:1|c>"},
        {"a:1|c\r", "<a:1|c>"},
        {"\n\na:1|c\n", "<a:1|c>"},
        {"a:1|c\nb:2|c\r\n\nc:3", "<a:1|c><b:2|c><c:3>"},
        {"a\r\r\nb", "<a\r><b>"},
        {"a\rb\n", "<a\rb>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        size_t len = strlen(row[i].line);
        struct span rest = {flush_copy(row[i].line, len), len}, line;
        char text[100];
        struct buf b = {.data = text, .cap = sizeof text};

        while (line_split(&rest, &line)) {
            buf_char(&b, '<');
            buf_put(&b, line.at, line.len);
            buf_char(&b, '>');
        }
        buf_char(&b, '\0');
        assert_row(!strcmp(text, row[i].words), visible(row[i].line, len));
    }
}

static void each_fault_has_words(void **state)
{
    (void)state;
    for (enum line_fault fault = LINE_GOOD; fault < LINE_FAULTS; fault++)
        for (enum line_fault other = LINE_GOOD; other < fault; other++)
            assert_string_not_equal(line_fault_text(fault), line_fault_text(other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_type),
        cmocka_unit_test(values_are_decimal_numbers),
        cmocka_unit_test(a_line_may_have_several_values),
        cmocka_unit_test(a_rate_is_above_0_and_at_most_1),
        cmocka_unit_test(sections_come_in_any_order),
        cmocka_unit_test(tags_have_a_key_and_perhaps_a_value),
        cmocka_unit_test(a_name_may_hold_almost_anything),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(events_and_service_checks_are_known),
        cmocka_unit_test(sections_can_be_walked),
        cmocka_unit_test(a_datagram_is_split),
        cmocka_unit_test(each_fault_has_words),
    };

    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
