/* Tests of datadog, statsd and graphite. */
#include <string.h>

#include "encode/dogstatsd.h"
#include "unit/encode/encode_helper.h"
#include "unit/helper.h"

static struct point port_point(struct tag tag[4], const char *addr_port, const char *ip_version)
{
    struct point p = plain_point;

    tag[0] = (struct tag){"addr_port", addr_port};
    tag[1] = (struct tag){"env", "prod"};
    tag[2] = (struct tag){"host", "a.b"};
    tag[3] = (struct tag){"ip_version", ip_version};
    p.measurement = &measurements[NETSTAT_PORT];
    p.tags = (struct tags){tag, 4};
    p.n_values = 1;
    return p;
}

static void datadog_has_sections_after_the_tags_and_addresses_without_brackets(void **state)
{
    struct tag tag[4];
    struct point p = port_point(tag, "[::1]:9000", "6");

    (void)state;
    assert_string_equal(encoded(&encoder_datadog, &p),
                        "netstat_port.tcp_established:12|g|#addr_port:::1:9000,env:prod,host:a.b,ip_version:6\n");
    p.sections = "|c:in-42|e:it-false,cn-a,pu-b|card:low";
    assert_string_equal(encoded(&encoder_datadog, &p),
                        "netstat_port.tcp_established:12|g|#addr_port:::1:9000,env:prod,host:a.b,ip_version:6"
                        "|c:in-42|e:it-false,cn-a,pu-b|card:low\n");
    p.tags.n = 0;
    assert_string_equal(encoded(&encoder_datadog, &p),
                        "netstat_port.tcp_established:12|g|c:in-42|e:it-false,cn-a,pu-b|card:low\n");
    assert_string_equal(encoded(&encoder_dogstatsd, &p), "netstat_port.tcp_established:12|g\n");
}

static void datadog_has_networks_without_brackets(void **state)
{
    struct tag tag[] = {{"ip_version", "6"}, {"remote", "[2001:db8::]/32:443"}};
    struct point p = plain_point;

    (void)state;
    p.measurement = &measurements[NETSTAT_REMOTE];
    p.tags = (struct tags){tag, COUNT_OF(tag)};
    p.n_values = 1;
    assert_string_equal(encoded(&encoder_datadog, &p),
                        "netstat_remote.tcp_established:12|g|#ip_version:6,remote:2001:db8::/32:443\n");
    assert_string_equal(encoded(&encoder_dogstatsd, &p),
                        "netstat_remote.tcp_established:12|g|#ip_version:6,remote:[2001:db8::]/32:443\n");
}

/* A packer adds these texts to the lines of others. */
static void tags_are_texts_for_lines_of_others(void **state)
{
    static struct packer_tags out;
    struct tag tag[] = {{"a|b", "c,d:e"}, {"host", "h"}, {"prod", NULL}};
    const struct tags all = {tag, COUNT_OF(tag)}, none = {0};
    char bytes[25];
    struct buf texts = {.data = bytes, .cap = sizeof bytes};

    (void)state;
    buf_text(&texts, "x");
    dogstatsd_tags(&all, &texts, &out);
    assert_int_equal(out.n, 3);
    assert_int_equal(out.text.len, 21);
    assert_memory_equal(out.text.at, "a_b:c_d:e,host:h,prod", 21);
    for (size_t i = 0; i < out.n; i++) {
        static const char *const text[] = {"a_b:c_d:e", "host:h", "prod"};

        assert_int_equal(out.tag[i].text.len, strlen(text[i]));
        assert_memory_equal(out.tag[i].text.at, text[i], strlen(text[i]));
        assert_int_equal(out.tag[i].key_len, strlen(tag[i].key));
    }
    texts = (struct buf){.data = bytes, .cap = 20};
    dogstatsd_tags(&all, &texts, &out);
    assert_true(out.n == 2 && texts.full && out.text.len == 16 && !memcmp(out.text.at, "a_b:c_d:e,host:h", 16));
    texts.full = false;
    dogstatsd_tags(&none, &texts, &out);
    assert_true(!out.n && !out.text.len);
}

static void statsd_folds_what_distinguishes_series_and_leaves_the_rest(void **state)
{
    static const struct value self[] = {{&fields[FIELD_OUTPUT + SENT_LINES], 500, 3, false, ADDED_NONE}};
    struct tag output = {"output", "udp://[::1]:8125"}, tag[4];
    struct point p = port_point(tag, "80", "4");

    (void)state;
    assert_string_equal(encoded(&encoder_statsd, &plain_point),
                        "a.netstat.4.tcp_established:12|g\na.netstat.4.tcp_syn_sent:0|g\n");
    assert_string_equal(encoded(&encoder_statsd, &p), "a_b.netstat_port.80.4.tcp_established:12|g\n");
    p.prefix = "team.app";
    tag[0].value = "[2001:db8::1]:8000-8100";
    assert_string_equal(encoded(&encoder_statsd, &p),
                        "team.app.a_b.netstat_port.2001_db8__1_8000-8100.4.tcp_established:12|g\n");
    p.tags = (struct tags){&output, 1}; /* SOCKPUSH_HOST=- */
    p.measurement = &measurements[SOCKPUSH_OUTPUT];
    p.value = self;
    assert_string_equal(encoded(&encoder_statsd, &p), "team.app.sockpush_output.udp______1__8125.sent_lines:3|c\n");
}

/* Canonical texts of rules that differ only in bytes that a name cannot hold. */
static void statsd_folds_no_two_addresses_alike(void **state)
{
    /* clang-format off */
    static const char *const text[] = {"80", "80-90", "other", "1.2.3.4:80", "[1:2:3:4:0:6:7:8]:80", "[1::]:80", "[1::2]:80", "[1::2:80]:80",
                                       "[1::280]:80", "[::1]:280", "[::1:2]:80", "[::]:12", "[::1]:2", "[1::]:280", "0.0.0.0:80", "[::]:80",
                                       "12.3.4.5:80", "1.23.4.5:80", "1.2.3.4:580", "1.2.3.45:80", "[1:2:3:4:5:6:7:80]:80"};
    /* clang-format on */
    static char seen[COUNT_OF(text)][128];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(text); i++) {
        struct tag tag[4];
        struct point p = port_point(tag, text[i], "4");

        encoded(&encoder_statsd, &p);
        memcpy(seen[i], encoded_text, strlen(encoded_text) + 1);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(seen[i], seen[k]);
    }
}

/* The same of remote ports, which have networks. */
static void statsd_folds_no_two_networks_alike(void **state)
{
    /* clang-format off */
    static const char *const text[] = {"443", "443-8443", "10.0.0.0/8:443", "10.0.0.0:443", "10.0.0.8:443", "10.0.0.0/4:443",
                                       "[a::]/64:443", "[a::64]:443", "[a::]:443", "[a::]/6:443", "[1::5:0]/112:443", "[1::5:0:112]:443",
                                       "[::]/0:443", "[::]:443", "[::0:443]:443", "[a:0:0:b::]/64:443", "[a:0:0:b::64]:443"};
    /* clang-format on */
    static char seen[COUNT_OF(text)][128];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(text); i++) {
        struct tag tag[] = {{"host", "a"}, {"ip_version", "6"}, {"remote", text[i]}};
        struct point p = plain_point;

        p.measurement = &measurements[NETSTAT_REMOTE];
        p.tags = (struct tags){tag, COUNT_OF(tag)};
        p.n_values = 1;
        encoded(&encoder_statsd, &p);
        memcpy(seen[i], encoded_text, strlen(encoded_text) + 1);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(seen[i], seen[k]);
    }
    assert_string_equal(seen[2], "a.netstat_remote.10_0_0_0_8_443.6.tcp_established:12|g\n");
    assert_string_equal(seen[6], "a.netstat_remote.a____64_443.6.tcp_established:12|g\n");
}

static void statsd_keeps_a_name_one_name(void **state)
{
    static const struct hostile row[] = {
        {"", "host", "web-1.Example_x", "web-1_Example_x.netstat.tcp_established:12|g\n"},
        {"a b:c|d@e#f/g", "host", ":|@#\n\xc3\xa9 +-", "a_b_c_d_e_f_g._________-.netstat.tcp_established:12|g\n"},
        {"a.b", "k", "left out", "a.b.netstat.tcp_established:12|g\n"},
    };

    (void)state;
    check_hostile(&encoder_statsd, row, COUNT_OF(row), "");
}

static void graphite_has_tags_in_the_name_and_whole_seconds(void **state)
{
    static const struct value self[] = {{&fields[FIELD_POLL_ERRORS], 500, 3, false, ADDED_NONE}};
    struct point p = plain_point;

    (void)state;
    assert_string_equal(encoded(&encoder_graphite, &p), "netstat.tcp_established;host=a;ip_version=4 12 1700000000\n"
                                                        "netstat.tcp_syn_sent;host=a;ip_version=4 0 1700000000\n");
    p.prefix = "team.app";
    p.tags.n = 0;
    p.value = self;
    p.n_values = 1;
    p.time_ms = -1; /* the clock is not trusted, so the receiver's time counts */
    assert_string_equal(encoded(&encoder_graphite, &p), "team.app.netstat.poll_errors 500 -1\n");
}

static void graphite_replaces_what_tags_may_not_hold(void **state)
{
    static const char end[] = " 12 1700000000\n";
    static const struct hostile row[] = {
        {"", "k", NULL, "netstat.tcp_established;k=true"},
        {"", "name", "x", "netstat.tcp_established;name_=x"}, /* Graphite reserves `name` for the metric */
        {"~a;b c", "k;!^= e", "~v;x y", "_a_b_c.netstat.tcp_established;k_____e=_v_x_y"},
        {"a\nb", "k\n", "v\r\n=!^~\x7f", "a_b.netstat.tcp_established;k_=v__=!^~_"},
        {"\xc3\xa9", "\xc3\xa9", "\xc3\xa9", "\xc3\xa9.netstat.tcp_established;\xc3\xa9=\xc3\xa9"},
    };

    (void)state;
    check_hostile(&encoder_graphite, row, COUNT_OF(row), end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datadog_has_networks_without_brackets),
        cmocka_unit_test(tags_are_texts_for_lines_of_others),
        cmocka_unit_test(datadog_has_sections_after_the_tags_and_addresses_without_brackets),
        cmocka_unit_test(statsd_folds_what_distinguishes_series_and_leaves_the_rest),
        cmocka_unit_test(statsd_folds_no_two_addresses_alike),
        cmocka_unit_test(statsd_folds_no_two_networks_alike),
        cmocka_unit_test(statsd_keeps_a_name_one_name),
        cmocka_unit_test(graphite_has_tags_in_the_name_and_whole_seconds),
        cmocka_unit_test(graphite_replaces_what_tags_may_not_hold),
    };

    return cmocka_run_group_tests_name("encode_formats", tests, NULL, NULL);
}
