/* The application's metrics as lines, of influx and graphite. */
#include <stdio.h>
#include <string.h>

#include "unit/encode/relay_helper.h"
#include "unit/helper.h"

#define INFLUX_TIME   " 1700000010000000000\n"
#define GRAPHITE_TIME " 1700000010\n"

struct row {
    const char *lines, *records;
};

/* Checks the records of each row's lines, alone, with the tag host=a of ours. */
static void check(const struct encoder *format, const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct tag host = {"host", "a"};

        relay_begin();
        relay_ours = (struct tags){&host, 1};
        relay_encoded(format, row[i].lines);
        if (strcmp(encoded_text, row[i].records))
            print_error("%s\n", encoded_text);
        assert_row(!strcmp(encoded_text, row[i].records), row[i].lines);
    }
}

static void influx_has_telegrafs_names(void **state)
{
    static const struct row row[] = {
        {"a:1|c\na:2.5|c", "a,host=a,metric_type=counter value=3.5" INFLUX_TIME},
        {"a:5|g", "a,host=a,metric_type=gauge value=5" INFLUX_TIME},
        {"a:x|s\na:y|s", "a,host=a,metric_type=set value=2" INFLUX_TIME},
        {"a:1:1:7|ms", "a,host=a,metric_type=timing count=3,sum=9,mean=3,lower=1,upper=7,median=1,"
                       "90_percentile=7,99_percentile=7" INFLUX_TIME},
        {"a:-1|h", "a,host=a,metric_type=histogram count=1,sum=-1,mean=-1,lower=-1,upper=-1,median=-1,"
                   "90_percentile=-1,99_percentile=-1" INFLUX_TIME},
        {"a:1|d|@0.5", "a,host=a,metric_type=distribution count=2,sum=2,mean=1,lower=1,upper=1,median=1,"
                       "90_percentile=1,99_percentile=1" INFLUX_TIME},
        {"a:1|c|#z:1,b,k:,host:mine", "a,b=true,host=mine,metric_type=counter,z=1 value=1" INFLUX_TIME},
        {"a:1|c|#metric_type:x,metric type:y,time:1", "a,host=a,metric_type=counter,time_=1 value=1" INFLUX_TIME},
        {"#a b,c=d\\:1e300|g|#k k:v=v\\",
         "_a\\ b\\,c=d_,host=a,k\\ k=v\\=v_,metric_type=gauge value=1e300" INFLUX_TIME},
        {"\xff\xc3\xa9:1e-9|g|#\xfe:\xfd", "\xff\xc3\xa9,host=a,metric_type=gauge,\xfe=\xfd value=1e-9" INFLUX_TIME},
    };

    (void)state;
    check(&encoder_influx, row, COUNT_OF(row));
}

static void graphite_has_statsd_names(void **state)
{
    static const struct row row[] = {
        {"a:1|c\na:2.5|c", "a.count;host=a;metric_type=counter 3.5" GRAPHITE_TIME},
        {"a:5|g", "a;host=a;metric_type=gauge 5" GRAPHITE_TIME},
        {"a:x|s\na:y|s", "a.count;host=a;metric_type=set 2" GRAPHITE_TIME},
        {"a:1:3|ms|@0.5",
         "a.count;host=a;metric_type=timing 4" GRAPHITE_TIME "a.sum;host=a;metric_type=timing 8" GRAPHITE_TIME
         "a.mean;host=a;metric_type=timing 2" GRAPHITE_TIME "a.lower;host=a;metric_type=timing 1" GRAPHITE_TIME
         "a.upper;host=a;metric_type=timing 3" GRAPHITE_TIME "a.p50;host=a;metric_type=timing 1" GRAPHITE_TIME
         "a.p90;host=a;metric_type=timing 3" GRAPHITE_TIME "a.p99;host=a;metric_type=timing 3" GRAPHITE_TIME},
        {"a:1|c|#z:1,b,k:,host:mine", "a.count;b=true;host=mine;metric_type=counter;z=1 1" GRAPHITE_TIME},
        {"a:1|c|#metric_type:x,metric type:y,name:1", "a.count;host=a;metric_type=counter;name_=1 1" GRAPHITE_TIME},
        {"~a b;c!^=d:1|g|#n;k:~v;v,name:x", "_a_b_c___d;host=a;metric_type=gauge;n_k=_v_v;name_=x 1" GRAPHITE_TIME},
        {"\xff\xc3\xa9:1|g|#\xfe:\xfd,\xfd:x", "_\xc3\xa9;_=x;host=a;metric_type=gauge 1" GRAPHITE_TIME},
    };

    (void)state;
    check(&encoder_graphite, row, COUNT_OF(row));
}

/* Each line has a path of its own, or Graphite would keep the last one's value alone. */
static void types_with_one_name_have_different_paths(void **state)
{
    static const char lines[] = "req:1|c\nreq:5|ms\nreq:2|h\nreq:3|d\nreq:bob|s\nreq:1|g\nreq.count:1|g";
    unsigned paths = 0;

    (void)state;
    relay_encoded(&encoder_graphite, lines);
    for (const char *line = encoded_text; *line; line = strchr(line, '\n') + 1, paths++) {
        char path[100] = "\n";

        strncat(path, line, strcspn(line, " ") + 1);
        assert_row(!strstr(line, path), path);
    }
    assert_int_equal(paths, 3 * 8 + 4);
}

/* The first in the table keeps the path, silent or not, until it ends. */
static void a_path_of_graphite_is_written_once(void **state)
{
    static const char *const lines[] = {"a b:1|g\na_b:2|g", "a:1|g|#k k:v\na:2|g|#k_k:v",
                                        "a:1|g\na:2|g|#e:", "\xff:1|g\n\xfe:2|g", "a:1|g|#on\na:2|g|#on:true"};
    struct sink sink;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        relay_begin();
        relay_encoded(&encoder_graphite, lines[i]);
        assert_row(count_of(encoded_text, "\n") == 1 && strstr(encoded_text, " 1" GRAPHITE_TIME), lines[i]);
        sink = relay_into(&encoder_graphite, 1000, 4000);
        assert_true(sink.oversized == 1 && sink.lines == 1);
        assert_ptr_equal(relay_claims.owner, metrics_next(&relay_metrics, NULL));
        assert_ptr_equal(relay_claims.format, &encoder_graphite);
    }
    relay_begin();
    relay_encoded(&encoder_graphite, "t x:1|ms");
    assert_string_equal(relay_encoded(&encoder_graphite, "t_x:1|ms"), "");
    assert_string_equal(relay_encoded(&encoder_graphite, "t_x:1|ms"), "");
    assert_string_equal(relay_encoded(&encoder_graphite, "t_x:1|ms"), "");
    relay_encoded(&encoder_graphite, "t_x:1|ms");
    assert_int_equal(count_of(encoded_text, "t_x."), 8);
}

/* A receiver keeps the last value of a series at one time. */
static void a_series_of_influx_is_written_once(void **state)
{
    static const char *const lines[] = {"a:1|g\na:2|g|#e:", "a:1|g|#on\na:2|g|#on:true", "a:1|g\na:2|g|#host:a",
                                        "a:1|g\na:2|g|#metric_type:x", "a\\b:1|g\na_b:2|g"};
    struct tag host = {"host", "a"};
    struct sink sink;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        relay_begin();
        relay_ours = (struct tags){&host, 1};
        relay_encoded(&encoder_influx, lines[i]);
        assert_row(count_of(encoded_text, "\n") == 1 && strstr(encoded_text, " value=1" INFLUX_TIME), lines[i]);
        sink = relay_into(&encoder_influx, 1000, 4000);
        assert_true(sink.oversized == 1 && sink.lines == 1);
    }
    relay_begin();
    relay_encoded(&encoder_influx, "t\\x:1|ms");
    for (int i = 0; i < 3; i++)
        assert_string_equal(relay_encoded(&encoder_influx, "t_x:1|ms"), "");
    relay_encoded(&encoder_influx, "t_x:1|ms");
    assert_int_equal(count_of(encoded_text, "t_x,"), 1);
}

static void the_application_wins_over_keys_that_are_alike(void **state)
{
    struct tag ours[] = {{"dc", "x"}, {"pod name", "x"}, {"zone", NULL}};

    (void)state;
    relay_ours = (struct tags){ours, 3};
    relay_encoded(&encoder_graphite, "a:1|g|#pod_name:mine,pod;name:no,dc:");
    assert_string_equal(encoded_text, "a;metric_type=gauge;pod_name=no;zone=true 1" GRAPHITE_TIME);
}

static void silent_series_are_written_until_they_end(void **state)
{
    (void)state;
    relay_encoded(&encoder_graphite, "c:1|c\ng:7|g\ns:x|s\nh:1|h");
    assert_int_equal(count_of(encoded_text, "\n"), 3 + 8);
    relay_encoded(&encoder_graphite, "");
    assert_string_equal(encoded_text, "c.count;metric_type=counter 0 1700000020\ng;metric_type=gauge 7 1700000020\n"
                                      "s.count;metric_type=set 0 1700000020\n");
    relay_encoded(&encoder_influx, "");
    assert_int_equal(count_of(encoded_text, "\n"), 3);
    relay_encoded(&encoder_influx, "");
    assert_int_equal(encoded_len, 0);
}

static void lines_without_time_have_none(void **state)
{
    struct sink sink;

    (void)state;
    relay_take("g:7|g");
    metrics_flush(&relay_metrics, 1, -1);
    sink = (struct sink){.out = &(struct buf){.data = encoded_text, .cap = 1000}, .line_max = 1000};
    relayed_encode(&relay_metrics, &relay_ours, -1, &encoder_influx, &sink);
    relayed_encode(&relay_metrics, &relay_ours, -1, &encoder_graphite, &sink);
    encoded_text[sink.out->len] = '\0';
    assert_string_equal(encoded_text, "g,metric_type=gauge value=7\ng;metric_type=gauge 7 -1\n");
}

/* Influx splits what is too long, graphite leaves out single lines. */
static void long_lines_are_split_or_left_out(void **state)
{
    struct sink sink;

    (void)state;
    relay_encoded(&encoder_influx, "abcdefgh:1:2:6|ms");
    for (size_t max = 10; max < 300; max++) {
        sink = relay_into(&encoder_influx, max, 4000);
        if (max >= 140) {
            assert_int_equal(sink.oversized, 0);
            assert_int_equal(count_of(encoded_text, "="), 8 + sink.lines);
        }
        for (const char *at = encoded_text; *at; at = strchr(at, '\n') + 1)
            assert_true(strcspn(at, "\n") <= max);
        sink = relay_into(&encoder_graphite, max, 4000);
        assert_int_equal(sink.lines + sink.oversized, 8);
        assert_int_equal(count_of(encoded_text, "\n"), sink.lines);
    }
    assert_int_equal(sink.oversized, 0);
}

static unsigned flushes;

static void flush(struct sink *s)
{
    assert_true(s->out->len >= FLUSH_BYTES);
    flushes++;
    s->out->len = 0;
}

static void the_sink_is_flushed_on_the_way(void **state)
{
    static char data[FLUSH_BYTES + 2000];
    struct buf out = {.data = data, .cap = sizeof data};
    struct sink sink = {.out = &out, .line_max = 60000, .flush = flush};
    char line[30];

    (void)state;
    for (unsigned i = 0; i < 1500; i++) {
        sprintf(line, "name%u:1|c", i);
        relay_take(line);
    }
    relay_end_interval();
    relayed_encode(&relay_metrics, &relay_ours, RELAY_START_MS, &encoder_influx, &sink);
    assert_int_equal(sink.lines, 1500);
    assert_true(flushes >= 5);
}

/* The longest names and tags that are accepted, with as many tags of ours as there can be. */
static void the_longest_texts_fit(void **state)
{
    static const struct encoder *const format[] = {&encoder_influx, &encoder_graphite, &encoder_otlp,
                                                   &encoder_prometheus};
    static struct tag ours[TAGS_ALL_MAX];
    static char key[TAGS_ALL_MAX][8];
    static char line[METRIC_TEXT_MAX + 20];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        snprintf(key[i], sizeof key[i], "k%03u", (unsigned)i);
        ours[i] = (struct tag){key[i], "v"};
    }
    relay_ours = (struct tags){ours, COUNT_OF(ours)};
    for (size_t i = 0; i < COUNT_OF(format); i++)
        for (int bad = 0; bad < 2; bad++) {
            len = (size_t)sprintf(line, "%s:1|ms|#", bad ? "\xff" : "n");
            for (int tag = 0; tag < METRIC_TAGS_MAX; tag++)
                len += (size_t)sprintf(line + len, "%s%c%c", bad ? "\xff" : "t", 'A' + tag, tag < 31 ? ',' : ':');
            memset(line + len, bad ? 0xff : 'v', METRIC_TEXT_MAX - 1 - 3 * METRIC_TAGS_MAX);
            line[METRIC_TEXT_MAX + 6] = '\0';
            relay_encoded(format[i], line);
            assert_true(format[i]->metric ? encoded_len > 1000 : !encoded_len);
        }
    assert_int_equal(relay_counts.refused_lines, 0);
}

static void formats_that_take_lines_get_nothing(void **state)
{
    (void)state;
    assert_string_equal(relay_encoded(&encoder_dogstatsd, "a:1|c"), "");
    assert_string_equal(relay_encoded(&encoder_statsd, "a:1|c"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(influx_has_telegrafs_names),
        cmocka_unit_test(graphite_has_statsd_names),
        cmocka_unit_test_setup(types_with_one_name_have_different_paths, relay_setup),
        cmocka_unit_test_setup(a_path_of_graphite_is_written_once, relay_setup),
        cmocka_unit_test_setup(a_series_of_influx_is_written_once, relay_setup),
        cmocka_unit_test_setup(the_application_wins_over_keys_that_are_alike, relay_setup),
        cmocka_unit_test_setup(silent_series_are_written_until_they_end, relay_setup),
        cmocka_unit_test_setup(lines_without_time_have_none, relay_setup),
        cmocka_unit_test_setup(long_lines_are_split_or_left_out, relay_setup),
        cmocka_unit_test_setup(the_sink_is_flushed_on_the_way, relay_setup),
        cmocka_unit_test_setup(the_longest_texts_fit, relay_setup),
        cmocka_unit_test_setup(formats_that_take_lines_get_nothing, relay_setup),
    };

    return cmocka_run_group_tests_name("relayed_lines", tests, NULL, NULL);
}
