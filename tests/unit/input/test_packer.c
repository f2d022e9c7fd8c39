/* What outputs that pass lines on get of them, in each dialect. */
#include <string.h>

#include "unit/helper.h"
#include "unit/input/packer_helper.h"

#define NO NULL /* unsupported */

struct row {
    const char *line, *expected[3]; /* by dialect */
};

static void check(const struct row *row, const char *ours, bool absolute)
{
    for (int d = PACK_DATADOG; d <= PACK_STATSD; d++) {
        const char *expected = row->expected[d];

        pack_begin((enum pack_dialect)d, 1432);
        packer.absolute = absolute;
        pack_tags(ours);
        packed(row->line);
        if (strcmp(sent, expected ? expected : "") || packer.counters.unsupported != !expected ||
            packer.counters.oversized)
            print_error("dialect %d: %s\n", d, visible(sent, strlen(sent)));
        assert_row(!strcmp(sent, expected ? expected : ""), row->line);
        assert_row(packer.counters.unsupported == !expected && !packer.counters.oversized, row->line);
    }
}

#define SAME(text) {text, text, text}

static void odd_lines_come_out_right(void **state)
{
    static const struct row row[] = {
        {"a:1|c", SAME("a:1|c")},
        {"a:1|c\n", SAME("a:1|c")},
        {"a:1|c\r\n", SAME("a:1|c")},
        {"\n\na:1|c", SAME("a:1|c")},
        {"", SAME("")},
        {"a:1.5|c", SAME("a:1.5|c")},
        {"a:1e2|c", SAME("a:1e2|c")},
        {"a:-3|c", SAME("a:-3|c")},
        {"a:+3|c", SAME("a:+3|c")},
        {"a:+.5|h", {"a:+.5|h", "a:+.5|h", "a:+.5|ms"}},
        {"a:1:2:3|c", {"a:1:2:3|c", "a:1|c\na:2|c\na:3|c", "a:1|c\na:2|c\na:3|c"}},
        {"a:1:2|ms|@0.5", {"a:1:2|ms|@0.5", "a:1|ms|@0.5\na:2|ms|@0.5", "a:1|ms|@0.5\na:2|ms|@0.5"}},
        {"a:1:2:3|g", {"a:1:2:3|g", "a:1|g\na:2|g\na:3|g", "a:1|g\na:2|g\na:3|g"}},
        {"a:1::3|c", {"a:1::3|c", "a:1|c\na:3|c", "a:1|c\na:3|c"}},
        {"a::3:|c", {"a::3:|c", "a:3|c", "a:3|c"}},
        {"a:|c\na::|c", SAME("")},
        {"a:1|c:2|c:3|c", SAME("a:1|c\na:2|c\na:3|c")},
        {"a:1|c|@0.1:2|ms:x|s|@0.5:4|g|@0.5:5|c|@3", SAME("a:1|c|@0.1\na:2|ms\na:x|s\na:4|g\na:5|c")},
        {"a:x:y|s", {"a:x:y|s", "a:x:y|s", NO}},
        {"a:#x|s", SAME("a:#x|s")},
        {"Foo::Bar:1|c\na:1|c", SAME("a:1|c")},
        {":1|c\na\na:\na:1\na:1|\n|c\na:1|C\na:1|kv\na:1|x\na:1|m\nb:1|c", SAME("b:1|c")},
        {"a:1|c|@0.1", SAME("a:1|c|@0.1")},
        {"a:1|c|@1e-1", {"a:1|c|@1e-1", "a:1|c|@0.1", "a:1|c|@0.1"}},
        {"a:1|c|@+.25", {"a:1|c|@+.25", "a:1|c|@0.25", "a:1|c|@0.25"}},
        {"a:1|c|@2", {"a:1|c|@2", "a:1|c", "a:1|c"}},
        {"a:1|c|@1.0", {"a:1|c|@1.0", "a:1|c", "a:1|c"}},
        {"a:1|c|@0.5|@0.25", {"a:1|c|@0.5|@0.25", "a:1|c|@0.25", "a:1|c|@0.25"}},
        {"a:1|c|@0\na:1|c|@-1\na:1|c|@\na:1|c|@x\na:1|c|@1e-9\nb:1|c", SAME("b:1|c")},
        {"a:5|g|@0.1", {"a:5|g|@0.1", "a:5|g", "a:5|g"}},
        {"a:x|s|@0.1", {"a:x|s|@0.1", "a:x|s", "a:x|s"}},
        {"a:100|ms|@0.1", SAME("a:100|ms|@0.1")},
        {"a:3|h|@0.1", {"a:3|h|@0.1", "a:3|h|@0.1", "a:3|ms|@0.1"}},
        {"a:3|d", {"a:3|d", "a:3|d", "a:3|ms"}},
        {"a:-1|ms", {"a:-1|ms", "a:-1|ms", NO}},
        {"a:-1|h", {"a:-1|h", "a:-1|h", NO}},
        {"a:-0|d", {"a:-0|d", "a:-0|d", "a:-0|ms"}},
        {"a:NaN|g\na:Inf|g\na:0x10|c\na: 1 |c\na:1,5|g\nb:1|c", SAME("b:1|c")},
        {"a:1|c|#", {"a:1|c|#", "a:1|c", "a:1|c"}},
        {"a:1|c|#,,x:y,", {"a:1|c|#,,x:y,", "a:1|c|#x:y", "a:1|c"}},
        {"a:1|c|#x:y,,z,:v,w:", {"a:1|c|#x:y,,z,:v,w:", "a:1|c|#x:y,z,w:", "a:1|c"}},
        {"a:1|c|#k:", {"a:1|c|#k:", "a:1|c|#k:", "a:1|c"}},
        {"a:1|c|#:v", {"a:1|c|#:v", "a:1|c", "a:1|c"}},
        {"a:1|c|#k:v:w,k:x", {"a:1|c|#k:v:w,k:x", "a:1|c|#k:v:w,k:x", "a:1|c"}},
        {"a:1|c|#k:v|@0.5", {"a:1|c|#k:v|@0.5", "a:1|c|@0.5|#k:v", "a:1|c|@0.5"}},
        {"a:1|c|#a:b|#k:v", {"a:1|c|#a:b|#k:v", "a:1|c|#k:v", "a:1|c"}},
        {"a:1|c|#k:v|T1700000000", {"a:1|c|#k:v|T1700000000", "a:1|c|#k:v", "a:1|c"}},
        {"a:1|ms|T1700000000", {"a:1|ms|T1700000000", "a:1|ms", "a:1|ms"}},
        {"a:1|c|c:abc|e:it-false,cn-x|card:low", {"a:1|c|c:abc|e:it-false,cn-x|card:low", "a:1|c", "a:1|c"}},
        {"a:1|c|zz:future", {"a:1|c|zz:future", "a:1|c", "a:1|c"}},
        {"a:1|c|#dd.internal.entity_id:x,k:v,dd.internal.card:low,l",
         {"a:1|c|#dd.internal.entity_id:x,k:v,dd.internal.card:low,l", "a:1|c|#k:v,l", "a:1|c"}},
        {"a b/c;d#\303\251\377:1|c", SAME("a b/c;d#\303\251\377:1|c")},
        {"a\001:1|c\nb:1|c", SAME("b:1|c")},
        {"req:1|c\nreq:5|ms", SAME("req:1|c\nreq:5|ms")},
        {"_e{5,4}:title|text", {"_e{5,4}:title|text", NO, NO}},
        {"_sc|name|0", {"_sc|name|0", NO, NO}},
        {"_e{5,4}:title|tex\n_sc|name|4\nb:1|c", SAME("b:1|c")},
        {"#EOF\nGET / HTTP/1.1", SAME("")},
        {"a:-5|g", SAME("a:-5|g")},
        {"a:+5|g|#k:v", {"a:+5|g|#k:v", "a:+5|g|#k:v", "a:+5|g"}},
        {"constructor:1|ms", {"constructor:1|ms", "constructor:1|ms", NO}},
        {"con\xc3\xa9structor:1|ms", {"con\xc3\xa9structor:1|ms", "con\xc3\xa9structor:1|ms", NO}},
        {"[__ proto__:1|ms", {"[__ proto__:1|ms", "[__ proto__:1|ms", NO}},
        {"_proto_:1|ms\nproto:1|ms\nto/String,:1|ms", SAME("_proto_:1|ms\nproto:1|ms\nto/String,:1|ms")},
        {"constructors:1|ms\nvalue:2|c", SAME("constructors:1|ms\nvalue:2|c")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        check(&row[i], "", false);
}

static void our_tags_are_added_if_the_key_is_absent(void **state)
{
    static const struct row row[] = {
        {"a:1|c", {"a:1|c|#env:x,host:a,prod", "a:1|c|#env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#k:v", {"a:1|c|#k:v,env:x,host:a,prod", "a:1|c|#k:v,env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#host:b", {"a:1|c|#host:b,env:x,prod", "a:1|c|#host:b,env:x,prod", "a:1|c"}},
        {"a:1|c|#host", {"a:1|c|#host,env:x,prod", "a:1|c|#host,env:x,prod", "a:1|c"}},
        {"a:1|c|#prod:,env:,host:", {"a:1|c|#prod:,env:,host:", "a:1|c|#prod:,env:,host:", "a:1|c"}},
        {"a:1|c|#hos:b,hosts:c",
         {"a:1|c|#hos:b,hosts:c,env:x,host:a,prod", "a:1|c|#hos:b,hosts:c,env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#", {"a:1|c|#env:x,host:a,prod", "a:1|c|#env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#k,", {"a:1|c|#k,env:x,host:a,prod", "a:1|c|#k,env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|#k|c:x|@0.5", {"a:1|c|#k,env:x,host:a,prod|c:x|@0.5", "a:1|c|@0.5|#k,env:x,host:a,prod", "a:1|c|@0.5"}},
        {"a:1|c|#host:b|#k", {"a:1|c|#host:b|#k,env:x,host:a,prod", "a:1|c|#k,env:x,host:a,prod", "a:1|c"}},
        {"a:1|c|@0.5|c:x", {"a:1|c|@0.5|c:x|#env:x,host:a,prod", "a:1|c|@0.5|#env:x,host:a,prod", "a:1|c|@0.5"}},
        {"a:1|g|#dd.internal.x:1", {"a:1|g|#dd.internal.x:1,env:x,host:a,prod", "a:1|g|#env:x,host:a,prod", "a:1|g"}},
        {"a:1:2|c",
         {"a:1:2|c|#env:x,host:a,prod", "a:1|c|#env:x,host:a,prod\na:2|c|#env:x,host:a,prod", "a:1|c\na:2|c"}},
        {"a:1|c:2|g",
         {"a:1|c|#env:x,host:a,prod\na:2|g|#env:x,host:a,prod", "a:1|c|#env:x,host:a,prod\na:2|g|#env:x,host:a,prod",
          "a:1|c\na:2|g"}},
        {"_e{1,1}:a|b", {"_e{1,1}:a|b|#env:x,host:a,prod", NO, NO}},
        {"_e{1,3}:a||#b|#k|t:info", {"_e{1,3}:a||#b|#k,env:x,host:a,prod|t:info", NO, NO}},
        {"_sc|a|0", {"_sc|a|0|#env:x,host:a,prod", NO, NO}},
        {"_sc|a|0|h:b|m:all good", {"_sc|a|0|h:b|#env:x,host:a,prod|m:all good", NO, NO}},
        {"_sc|a|0|#k|m:text", {"_sc|a|0|#k,env:x,host:a,prod|m:text", NO, NO}},
        {"_sc|a|0|mm|m", {"_sc|a|0|mm|m|#env:x,host:a,prod", NO, NO}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        check(&row[i], "env:x,host:a,prod", false);
}

static void each_of_many_tags_of_ours_is_looked_for(void **state)
{
    static const struct row row[] = {
        {"a:1|c|#k:v,i:z", {"a:1|c|#k:v,i:z,a,b,c,d,e,f,g,h,j", "a:1|c|#k:v,i:z,a,b,c,d,e,f,g,h,j", "a:1|c"}},
        {"a:1|c|#h:z,a", {"a:1|c|#h:z,a,b,c,d,e,f,g,i,j", "a:1|c|#h:z,a,b,c,d,e,f,g,i,j", "a:1|c"}},
        {"a:1|c|#j", {"a:1|c|#j,a,b,c,d,e,f,g,h,i", "a:1|c|#j,a,b,c,d,e,f,g,h,i", "a:1|c"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        check(&row[i], "a,b,c,d,e,f,g,h,i,j", false);
}

static void gauges_with_a_sign_are_values_for_statsd(void **state)
{
    static const struct row row[] = {
        {"a:-5|g", {"a:-5|g", "a:-5|g", "a:0|g\na:-5|g"}},
        {"a:+5|g", {"a:+5|g", "a:+5|g", "a:5|g"}},
        {"a:5:-2:+3|g", {"a:5:-2:+3|g", "a:5|g\na:-2|g\na:+3|g", "a:5|g\na:0|g\na:-2|g\na:3|g"}},
        {"a:-5|c\na:+5|ms", SAME("a:-5|c\na:+5|ms")},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        check(&row[i], "", true);
    pack_begin(PACK_STATSD, 5 + 1 + 6); /* both lines of one packet */
    packer.absolute = true;
    assert_string_equal(packed("a:-5|g\nb:-1|g\nc:1|c"), "a:0|g\na:-5|g\nb:0|g\nb:-1|g\nc:1|c");
    assert_int_equal(sent_packets, 3);
    pack_begin(PACK_STATSD, 5 + 6);
    packer.absolute = true;
    assert_string_equal(packed("a:-5|g\nb:1|g"), "b:1|g");
    assert_int_equal(packer.counters.oversized, 1);
}

static void only_what_is_unsupported_is_left_out(void **state)
{
    (void)state;
    pack_begin(PACK_STATSD, 1432);
    assert_string_equal(packed("a:1:-2:3|ms\n_sc|a|0\nb:x|s:-1|h:7|c"), "a:1|ms\na:3|ms\nb:x|s\nb:7|c");
    assert_int_equal(packer.counters.unsupported, 3);
    assert_int_equal(sent_lines, 4);
}

static void packets_are_full_of_whole_lines(void **state)
{
    (void)state;
    pack_begin(PACK_DATADOG, 11); /* "a:1|c\na:2|c" */
    pack("a:1|c\na:2|c", 11);
    assert_int_equal(sent_packets, 0);
    pack("b:3|c", 5);
    assert_int_equal(sent_packets, 1);
    assert_string_equal(sent, "a:1|c\na:2|c\n");
    packer_flush(&packer);
    packer_flush(&packer);
    assert_int_equal(sent_packets, 2);
    assert_int_equal(sent_lines, 3);
    assert_string_equal(sent, "a:1|c\na:2|c\nb:3|c\n");
}

static void a_line_too_long_costs_no_other(void **state)
{
    (void)state;
    pack_begin(PACK_DOGSTATSD, 12);
    pack_tags("k:v");
    assert_string_equal(packed("a:1|c\nab:2|c\nabc:3|c\na:4|c|#k:\nabcd:5|c|#k\na:6|c|#l:mno\na:7|c"),
                        "a:1|c|#k:v\nab:2|c|#k:v\nabc:3|c|#k:v\na:4|c|#k:\nabcd:5|c|#k\na:7|c|#k:v");
    assert_int_equal(packer.counters.oversized, 1);
    assert_int_equal(packer.counters.unsupported, 0);
}

/* A segment of TCP is shorter than the longest line. */
static void a_line_longer_than_a_full_packet_goes_alone(void **state)
{
    (void)state;
    pack_begin(PACK_DATADOG, 30);
    packer.fill_max = 11;
    pack("a:1|c", 5);
    pack("abcdefgh:2|c", 12);
    assert_int_equal(sent_packets, 2);
    pack("abcdefghijklmnopqrstuvwxyz:2|c", 30);
    assert_int_equal(sent_packets, 3);
    pack("abcdefghijklmnopqrstuvwxyza:2|c", 31);
    assert_int_equal(packer.counters.oversized, 1);
    pack("b:3|c\nc:4|c\nd:5|c", 17);
    assert_int_equal(sent_packets, 4);
    packer_flush(&packer);
    assert_string_equal(sent, "a:1|c\nabcdefgh:2|c\nabcdefghijklmnopqrstuvwxyz:2|c\nb:3|c\nc:4|c\nd:5|c\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_lines_come_out_right),
        cmocka_unit_test(our_tags_are_added_if_the_key_is_absent),
        cmocka_unit_test(each_of_many_tags_of_ours_is_looked_for),
        cmocka_unit_test(gauges_with_a_sign_are_values_for_statsd),
        cmocka_unit_test(only_what_is_unsupported_is_left_out),
        cmocka_unit_test(packets_are_full_of_whole_lines),
        cmocka_unit_test(a_line_too_long_costs_no_other),
        cmocka_unit_test(a_line_longer_than_a_full_packet_goes_alone),
    };

    return cmocka_run_group_tests_name("packer", tests, NULL, NULL);
}
