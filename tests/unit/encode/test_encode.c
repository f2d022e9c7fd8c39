#include <stdio.h>
#include <string.h>

#include "unit/encode/encode_helper.h"
#include "unit/helper.h"

static void dogstatsd_has_a_line_per_field_and_nothing_after_the_tags(void **state)
{
    static const struct value self[] = {{&fields[FIELD_POLL_US], 18446744073709551615u, 0, false, ADDED_NONE},
                                        {&fields[FIELD_POLL_ERRORS], 500, 3, false, ADDED_NONE}};
    struct point p = plain_point;

    (void)state;
    assert_string_equal(encoded(&encoder_dogstatsd, &p), "netstat.tcp_established:12|g|#host:a,ip_version:4\n"
                                                         "netstat.tcp_syn_sent:0|g|#host:a,ip_version:4\n");
    p.prefix = "team.app";
    p.tags.n = 0;
    p.measurement = &measurements[SOCKPUSH];
    p.value = self;
    assert_string_equal(encoded(&encoder_dogstatsd, &p), "team.app.sockpush.poll_us:18446744073709551615|g\n"
                                                         "team.app.sockpush.poll_errors:3|c\n");
}

static void influx_has_all_fields_on_a_line_with_integers_and_nanoseconds(void **state)
{
    static const struct value self[] = {{&fields[FIELD_POLL_US], 18446744073709551615u, 0, false, ADDED_NONE},
                                        {&fields[FIELD_POLL_ERRORS], 500, 3, false, ADDED_NONE}};
    struct point p = plain_point;

    (void)state;
    assert_string_equal(encoded(&encoder_influx, &p),
                        "netstat,host=a,ip_version=4 tcp_established=12i,tcp_syn_sent=0i 1700000000123000000\n");
    p.prefix = "team.app";
    p.time_ms = -1; /* the clock is not trusted */
    p.tags.n = 0;
    p.measurement = &measurements[SOCKPUSH];
    p.value = self;
    assert_string_equal(encoded(&encoder_influx, &p),
                        "team.app.sockpush poll_us=18446744073709551615i,poll_errors=500i\n");
    p.time_ms = 0;
    p.n_values = 1;
    assert_string_equal(encoded(&encoder_influx, &p), "team.app.sockpush poll_us=18446744073709551615i 0000000\n");
}

static void dogstatsd_replaces_what_would_break_the_line_and_nothing_else(void **state)
{
    static const struct hostile row[] = {
        {"", "k", NULL, "netstat.tcp_established:12|g|#k\n"},
        {"A-b/c", "Key.x", "Va:l=u e/", "A-b/c.netstat.tcp_established:12|g|#Key.x:Va:l=u e/\n"},
        {"\xc3\xa9", "\xc3\xa9", "\xff", "\xc3\xa9.netstat.tcp_established:12|g|#\xc3\xa9:\xff\n"},
        {"a:b|c@d#e", "k:e|y,", "v|a,l", "a_b_c_d_e.netstat.tcp_established:12|g|#k_e_y_:v_a_l\n"},
        {"a\nb\tc d", "k\ney", "v\n:0|g\r\x7f", "a_b_c_d.netstat.tcp_established:12|g|#k_ey:v_:0_g__\n"},
    };

    (void)state;
    check_hostile(&encoder_dogstatsd, row, COUNT_OF(row), "");
}

static void influx_escapes_what_it_can_and_replaces_the_rest(void **state)
{
    static const char end[] = " tcp_established=12i 1700000000123000000\n";
    static const struct hostile row[] = {
        {"", "k", NULL, "netstat,k=true"},
        {"", "time", "noon", "netstat,time_=noon"}, /* InfluxDB reserves `time` */
        {"a b,c=d", "k e,y=", "v a,l=", "a\\ b\\,c=d.netstat,k\\ e\\,y\\==v\\ a\\,l\\="},
        {"#a", "#k", "#v", "_a.netstat,#k=#v"},  /* a leading # would be a comment */
        {"\\", "k\\", "v\\", "_.netstat,k_=v_"}, /* a backslash at the end escapes the next byte */
        {"a\nb", "k\n", "v\r\n\x7f\t", "a_b.netstat,k_=v____"},
        {"\xc3\xa9", "\"k\"", "\"\xff\"", "\xc3\xa9.netstat,\"k\"=\"\xff\""},
    };

    (void)state;
    check_hostile(&encoder_influx, row, COUNT_OF(row), end);
}

/* --- whole lines or nothing ------------------------------------------------------------ */

static bool holds(const char *whole, size_t len, const char *part, size_t size)
{
    for (size_t at = 0; at + size <= len; at++)
        if (!memcmp(whole + at, part, size))
            return true;
    return false;
}

/* Returns the number of records. Each must be in `whole`. */
static unsigned check_records(const struct encoder *format, const char *data, size_t len, const char *whole,
                              size_t whole_len)
{
    unsigned n = 0;

    for (size_t at = 0, size; at < len; at += size, n++) {
        size = format->record(data + at, len - at);
        assert_true(size <= len - at);
        assert_true(holds(whole, whole_len, data + at, size));
    }
    return n;
}

static void every_capacity_takes_whole_records(void **state)
{
    (void)state;
    for (const struct encoder *const *e = encoders; *e; e++) {
        struct point p = plain_point;
        char whole[4096];
        size_t len;
        unsigned n;

        p.n_values = *e == &encoder_influx ? 1 : 2; /* influx would split it into two lines */
        encoded(*e, &p);
        len = encoded_len;
        memcpy(whole, encoded_text, len);
        n = check_records(*e, whole, len, whole, len);
        for (size_t cap = 0; cap <= len + 1; cap++) {
            struct sink sink = encode_into(*e, &p, 60000, cap);

            assert_int_equal(sink.lines, check_records(*e, encoded_text, encoded_len, whole, len));
            assert_int_equal(sink.lines + sink.oversized, n);
            assert_true(!encoded_len || (*e)->record != record_line || encoded_text[encoded_len - 1] == '\n');
        }
        assert_int_equal(encode_into(*e, &p, 60000, len).lines, n);
    }
}

static void dogstatsd_drops_and_counts_a_line_that_is_too_long(void **state)
{
    static const char first[] = "netstat.tcp_established:12|g|#host:a,ip_version:4";
    struct sink sink;

    (void)state;
    sink = encode_into(&encoder_dogstatsd, &plain_point, sizeof first - 1, 60000);
    assert_int_equal(sink.lines, 2);
    sink = encode_into(&encoder_dogstatsd, &plain_point, sizeof first - 2, 60000);
    assert_int_equal(sink.lines, 1); /* the shorter line stays */
    assert_int_equal(sink.oversized, 1);
    assert_string_equal(encoded_text, "netstat.tcp_syn_sent:0|g|#host:a,ip_version:4\n");
    sink = encode_into(&encoder_dogstatsd, &plain_point, 10, 60000);
    assert_int_equal(sink.oversized, 2);
    assert_string_equal(encoded_text, "");
}

static void influx_splits_a_line_that_is_too_long(void **state)
{
    static const char series[] = "netstat,host=a,ip_version=4 ", time[] = " 1700000000123000000";
    const size_t surely = sizeof series + 64 + sizeof time; /* any one field fits */
    struct value value[FIELD_COLUMNS];
    struct point p = plain_point;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(value); i++)
        value[i] = (struct value){&fields[i], i % 3 ? i : UINT64_MAX, 0, false, ADDED_NONE};
    p.value = value;
    p.n_values = COUNT_OF(value);
    for (size_t max = 1; max < 700; max++) {
        struct sink sink = encode_into(&encoder_influx, &p, max, 60000);
        unsigned n = 0;

        for (size_t i = 0; i < COUNT_OF(value); i++) {
            char name[sizeof fields->name + 1] = "";

            strcat(strcat(name, fields[i].name), "=");
            n += count_of(encoded_text, name);
        }
        assert_true(n == COUNT_OF(value) || sink.oversized);
        assert_true(!sink.oversized || max < surely);
        assert_int_equal(sink.lines, count_of(encoded_text, "\n"));
        for (char *line = encoded_text, *end; (end = strchr(line, '\n')); line = end + 1) {
            *end = '\0';
            assert_true(strlen(line) <= max);
            assert_int_equal(strncmp(line, series, sizeof series - 1), 0);
            assert_string_equal(end - (sizeof time - 1), time);
        }
    }
    assert_int_equal(encode_into(&encoder_influx, &p, 60000, 60000).lines, 1);
}

/* --- all formats ------------------------------------------------------------------------ */

static void a_tag_without_value_is_no_trouble_in_any_format(void **state)
{
    static const char *const key[] = {"addr_port", "backend", "ip_version", "output"};

    (void)state;
    for (const struct encoder *const *e = encoders; *e; e++)
        for (size_t i = 0; i < COUNT_OF(key); i++) {
            struct tag tag = {key[i], NULL}; /* a user may set SOCKPUSH_TAGS=output */
            struct point p = plain_point;

            p.tags = (struct tags){&tag, 1};
            encoded(*e, &p);
            p.measurement = &measurements[SOCKPUSH_OUTPUT];
            encoded(*e, &p);
        }
}

static void formats_are_found_by_name_with_their_features(void **state)
{
    (void)state;
    assert_ptr_equal(encoder_find("dogstatsd"), &encoder_dogstatsd);
    assert_ptr_equal(encoder_find("influx"), &encoder_influx);
    assert_ptr_equal(encoder_find("table"), &encoder_table);
    assert_true(encoder_dogstatsd.zero_when_lost && !encoder_dogstatsd.timestamps);
    assert_true(encoder_influx.timestamps && !encoder_influx.zero_when_lost);
    assert_true(encoder_table.only_stdout && !encoder_influx.only_stdout && !encoder_dogstatsd.only_stdout);
    assert_null(encoder_find("carbon"));
    assert_null(encoder_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dogstatsd_has_a_line_per_field_and_nothing_after_the_tags),
        cmocka_unit_test(influx_has_all_fields_on_a_line_with_integers_and_nanoseconds),
        cmocka_unit_test(dogstatsd_replaces_what_would_break_the_line_and_nothing_else),
        cmocka_unit_test(influx_escapes_what_it_can_and_replaces_the_rest),
        cmocka_unit_test(every_capacity_takes_whole_records),
        cmocka_unit_test(dogstatsd_drops_and_counts_a_line_that_is_too_long),
        cmocka_unit_test(influx_splits_a_line_that_is_too_long),
        cmocka_unit_test(a_tag_without_value_is_no_trouble_in_any_format),
        cmocka_unit_test(formats_are_found_by_name_with_their_features),
    };

    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
