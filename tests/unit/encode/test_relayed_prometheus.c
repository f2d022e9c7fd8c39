/* The application's metrics in Prometheus remote write. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "unit/encode/relay_helper.h"
#include "unit/helper.h"

#define STALE UINT64_C(0x7ff0000000000002)

/* --- a decoder, to lines: host=a,__name__=b value@ms value@ms ------------------------------- */

static char text[400000];
static unsigned series;

static struct pb_field next(const char **at, const char *end, unsigned number)
{
    struct pb_field field = next_field(at, end);

    assert_int_equal(field.number, number);
    return field;
}

static void put_label(struct buf *b, const struct pb_field *label, char *before)
{
    const char *at = label->bytes, *end = at + label->len;
    struct pb_field name = next(&at, end, 1), value = next(&at, end, 2);
    char key[METRIC_TEXT_MAX + 1];

    assert_ptr_equal(at, end);
    assert_true(name.len && value.len && name.len < sizeof key);
    memcpy(key, name.bytes, name.len);
    key[name.len] = '\0';
    assert_true(strcmp(key, before) > 0);
    assert_int_equal(strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), name.len);
    if (*before)
        buf_char(b, ',');
    strcpy(before, key);
    buf_put(b, name.bytes, name.len);
    buf_char(b, '=');
    buf_put(b, value.bytes, value.len);
}

/* Puts a sample, which must be later than `before`. */
static uint64_t put_sample(struct buf *b, const struct pb_field *sample, uint64_t before)
{
    const char *at = sample->bytes, *end = at + sample->len;
    uint64_t bits, time;

    next(&at, end, 1);
    bits = fixed64_before(at);
    time = next(&at, end, 2).value;
    assert_ptr_equal(at, end);
    assert_true(time > before || !time);
    buf_char(b, ' ');
    if (bits == STALE)
        buf_text(b, "stale");
    else
        buf_double(b, number_of_bits(bits));
    buf_char(b, '@');
    buf_u64(b, time);
    return time;
}

static const char *decoded(const char *lines)
{
    struct buf b = {.data = text, .cap = sizeof text - 1};
    const char *record = encoded_text, *end;

    relay_encoded(&encoder_prometheus, lines);
    end = encoded_text + encoded_len;
    for (series = 0; record < end; series++) {
        struct pb_field message = next(&record, end, 1), part;
        const char *at = message.bytes, *stop = at + message.len;
        char key[METRIC_TEXT_MAX + 1] = "";
        uint64_t time = 0;

        assert_ptr_equal(stop, record);
        while (at < stop && pb_next(&at, stop, &part)) {
            if (part.number == 1)
                put_label(&b, &part, key);
            else
                time = put_sample(&b, &part, time);
            assert_true(part.number == 1 ? !time : part.number == 2);
        }
        assert_ptr_equal(at, stop);
        buf_char(&b, '\n');
    }
    assert_false(b.full);
    text[b.len] = '\0';
    return text;
}

/* --- tests ---------------------------------------------------------------------------------- */

/* Zeros come a millisecond after the flush before, when the mark of a series that ended may have been sent. */
static void each_kind_has_its_series(void **state)
{
    (void)state;
    assert_string_equal(decoded("a.b:1|c\na.b:2.5|c"), "__name__=a_b 0@1700000000001\n"
                                                       "__name__=a_b 3.5@1700000010000\n");
    assert_string_equal(decoded("a.b:1|c\ng:-5|g\ns:x|s\ns:y|s\n0k:1|g"), "__name__=a_b 4.5@1700000020000\n"
                                                                          "__name__=g -5@1700000020000\n"
                                                                          "__name__=s 2@1700000020000\n"
                                                                          "__name__=_0k 1@1700000020000\n");
    relay_begin();
    assert_string_equal(decoded("t:2:2:8|ms|@0.5|#Z:1,z:2"), "Z=1,__name__=t_count,z=2 0@1700000000001\n"
                                                             "Z=1,__name__=t_sum,z=2 0@1700000000001\n"
                                                             "Z=1,__name__=t_count,z=2 6@1700000010000\n"
                                                             "Z=1,__name__=t_sum,z=2 24@1700000010000\n"
                                                             "Z=1,__name__=t,quantile=0.5,z=2 2@1700000010000\n"
                                                             "Z=1,__name__=t,quantile=0.9,z=2 8@1700000010000\n"
                                                             "Z=1,__name__=t,quantile=0.99,z=2 8@1700000010000\n");
    assert_non_null(strstr(decoded("t:1|ms|#Z:1,z:2"), "Z=1,__name__=t_sum,z=2 25@1700000020000\n"));
}

static void ends_are_marked(void **state)
{
    (void)state;
    decoded("c:1|c\nt:1|h\ng:1|g\ns:1|s");
    assert_int_equal(series, 3 + 1 + 5 + 1 + 1);
    decoded("");
    assert_int_equal(series, 3);
    decoded("");
    assert_string_equal(decoded(""), "__name__=c stale@1700000040000\n"
                                     "__name__=g stale@1700000040000\n"
                                     "__name__=s stale@1700000040000\n"
                                     "__name__=t_count stale@1700000040000\n"
                                     "__name__=t_sum stale@1700000040000\n"
                                     "__name__=t,quantile=0.5 stale@1700000040000\n"
                                     "__name__=t,quantile=0.9 stale@1700000040000\n"
                                     "__name__=t,quantile=0.99 stale@1700000040000\n");
    assert_string_equal(decoded("c:2|c"), "__name__=c 0@1700000040001\n__name__=c 2@1700000050000\n");
}

static void labels_are_valid_and_unique(void **state)
{
    struct tag ours[] = {{"host", "a"}, {"pod", "p"}};

    (void)state;
    relay_ours = (struct tags){ours, 2};
    assert_string_equal(decoded("a-\xc3\xa9 b:1|g|#k.a:1,k-a:2,k_a:3,9:x,e:,on,__name__:no,host:mine"),
                        "_9=x,__name__=a____b,host=mine,k_a=3,on=true,pod=p 1@1700000010000\n");
    relay_begin();
    assert_string_equal(decoded("\xff:1|g|#k\xff:v\xfev\xc3\xa9"), "__name__=_,k_=v_v\xc3\xa9 1@1700000010000\n");
    relay_begin();
    decoded("t:1|h|#quantile:x,quantile.:y");
    assert_non_null(strstr(text, "__name__=t_count,quantile=x,quantile_=y "));
    assert_non_null(strstr(text, "__name__=t,quantile=0.99,quantile_=y "));
}

static void a_series_without_times_has_no_zero(void **state)
{
    (void)state;
    relay_begin();
    metrics_flush(&relay_metrics, 15000, -1);
    assert_string_equal(decoded("a:1|c"), "__name__=a 1@1700000010000\n");
    metrics_flush(&relay_metrics, 25000, INT64_C(1800000000000)); /* the clock is set back */
    assert_string_equal(decoded("b:1|c"), "__name__=a 1@1700000020000\n__name__=b 1@1700000020000\n");
}

static void what_is_too_long_is_left_out(void **state)
{
    (void)state;
    decoded("abcd:1|h");
    for (size_t max = 1; max < 90; max++) {
        struct sink sink = relay_into(&encoder_prometheus, max, 4000);

        assert_int_equal(sink.lines + sink.oversized, 2 + 5);
        for (size_t at = 0, len; at < encoded_len; at += len) {
            len = record_field(encoded_text + at, encoded_len - at);
            assert_true(len <= max);
        }
    }
    assert_int_equal(relay_into(&encoder_prometheus, 90, 4000).oversized, 0);
}

/* --- metrics that become the same series ------------------------------------------------------ */

static const char *left_out(void)
{
    return relay_claims.left_out ? metric_name(relay_claims.left_out) : "";
}

/* The first in the table keeps the series. What else a metric has is written. */
static void a_series_is_written_once(void **state)
{
    static const char *const names[] = {
        "a.b:1|g\na_b:2|g",          "req:1|g\nreq:2|s",     "a:1|g|#k.k:v\na:2|g|#k_k:v",
        "a:1|g\na:2|g|#e:",          "0a:1|g\n_0a:2|g",      "\xff:1|g\n\xfe:2|g",
        "a:1|g|#on\na:2|g|#on:true", "a:1|g|#host:h\na:2|g", "a:1|g|#__name__:x\na:2|g",
    };
    struct tag ours[] = {{"host", "h"}};
    struct sink sink;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        relay_begin();
        relay_ours = (struct tags){ours, 1};
        decoded(names[i]);
        assert_row(series == 1 && strstr(text, " 1@1700000010000\n"), names[i]);
        sink = relay_into(&encoder_prometheus, 60000, 60000);
        assert_row(sink.oversized == 1 && sink.lines == 1, names[i]);
        assert_non_null(relay_claims.left_out);
        assert_ptr_equal(relay_claims.owner, metrics_next(&relay_metrics, NULL));
    }
}

static void a_counter_that_is_left_out_has_no_zero(void **state)
{
    (void)state;
    assert_string_equal(decoded("req:7|g\nreq:1|c"), "__name__=req 7@1700000010000\n");
    assert_string_equal(left_out(), "req");
    assert_int_equal(relay_claims.left_out->kind, METRIC_COUNTER);
    assert_int_equal(relay_claims.owner->kind, METRIC_GAUGE);
    assert_int_equal(relay_into(&encoder_prometheus, 60000, 60000).oversized, 1);
    assert_string_equal(decoded("req:2|c"), "__name__=req 7@1700000020000\n");
    assert_string_equal(decoded("new:2|c"), "__name__=new 0@1700000020001\n"
                                            "__name__=req 7@1700000030000\n"
                                            "__name__=new 2@1700000030000\n");
}

/* A timing that was silent has no values, and keeps its series. Numbers precede timings. */
static void a_series_stays_with_its_metric(void **state)
{
    (void)state;
    decoded("t.x:1|ms");
    assert_string_equal(decoded("t_x:5|ms"), "");
    assert_string_equal(left_out(), "t_x");
    decoded("t.x:1|ms");
    assert_non_null(strstr(text, "__name__=t_x_count 2@1700000030000\n"));
    relay_begin();
    decoded("t:1|ms\nt_count:9|c\nt:3|g|#quantile:0.9");
    assert_non_null(strstr(text, "__name__=t_count 9@1700000010000\n"));
    assert_non_null(strstr(text, "__name__=t,quantile=0.9 3@1700000010000\n"));
    assert_int_equal(count_of(text, "__name__=t_count "), 2);
    assert_int_equal(count_of(text, "__name__=t_sum "), 2);
    assert_int_equal(count_of(text, "__name__=t,"), 3);
}

/* The one that was left out has the series once the other has ended. */
static void an_ended_series_is_free_again(void **state)
{
    (void)state;
    decoded("a.b:1|g");
    for (unsigned i = 0; i < 2; i++)
        assert_string_equal(decoded("a_b:2|g"),
                            i ? "__name__=a_b 1@1700000030000\n" : "__name__=a_b 1@1700000020000\n");
    assert_string_equal(decoded("a_b:2|g"), "__name__=a_b stale@1700000040000\n");
    assert_string_equal(decoded("a_b:2|g"), "__name__=a_b 2@1700000050000\n");
}

static void names_of_ours_are_left_out(void **state)
{
    (void)state;
    assert_string_equal(
        decoded("netstat.tcp_established:1|g\nsockpush_output.sent_lines:1|c\nsockpush/x:1|ms\nnetstats:1|g"),
        "__name__=netstats 1@1700000010000\n");
    assert_string_equal(left_out(), "netstat.tcp_established");
    assert_null(relay_claims.owner);
    relay_claims.ours[0] = "app-1.netstat.";
    assert_string_equal(decoded("app.1.netstat.x:1|g\nnetstat.x:1|g"),
                        "__name__=netstat_tcp_established 1@1700000020000\n"
                        "__name__=netstats 1@1700000020000\n"
                        "__name__=netstat_x 1@1700000020000\n");
}

/* A full table of the shortest names has places enough. */
static void there_are_places_for_all(void **state)
{
    struct buf out = {.data = text, .cap = sizeof text};
    struct sink sink = {.out = &out, .line_max = 1000, .claims = &relay_claims};
    char line[20];

    (void)state;
    for (unsigned i = 0; !relay_counts.overflow_lines; i++) {
        sprintf(line, "%x:1|g", i);
        relay_take(line);
    }
    relay_end_interval();
    relayed_encode(&relay_metrics, &relay_ours, relay_metrics.flush_ms, &encoder_prometheus, &sink);
    assert_int_equal(sink.lines, relay_metrics.n);
    assert_true(relay_metrics.n < claims_size(relay_metrics.read_end));
}

/* --- parts -------------------------------------------------------------------------------------- */

static struct buf parts;

static void pass_part(struct sink *s)
{
    static uint8_t before;

    if (s->part != before)
        buf_text(&parts, "|");
    before = s->part;
    for (uint64_t i = s->lines; i; i--)
        buf_text(&parts, s->part < 3 ? "0" : "v");
    buf_cut(s->out, 0);
    s->lines = 0;
}

/* Zeros are in requests of their own, and so are timings. */
static void parts_are_apart(void **state)
{
    char shown[100] = "", records[4000];
    struct buf out = {.data = records, .cap = sizeof records};
    struct sink sink = {.out = &out, .line_max = 1000, .flush = pass_part, .claims = &relay_claims};

    (void)state;
    parts = (struct buf){.data = shown, .cap = sizeof shown - 1};
    relay_take("t:1|ms\nc:1|c\ng:1|g\nd:1|c\nu:2|h\ns:x|s");
    relay_end_interval();
    relayed_encode(&relay_metrics, &relay_ours, relay_metrics.flush_ms, &encoder_prometheus, &sink);
    pass_part(&sink);
    assert_string_equal(shown, "|00|0000|vvvv|vvvvvvvvvv");
}

#define NAMES 20

/* Checks that the last line of a series, which begins with these labels, ends with the total. */
static void check_total(const char *labels, int64_t total)
{
    const char *line = strstr(text, labels);
    char end[60];

    assert_row(line, labels);
    while (strstr(line + 1, labels))
        line = strstr(line + 1, labels);
    sprintf(end, " %lld@%lld\n", (long long)total, (long long)relay_metrics.flush_ms);
    line += strcspn(line, "\n") + 1 - strlen(end);
    assert_row(!memcmp(line, end, strlen(end)), labels);
}

/* Whatever comes in which interval, the totals are those of all lines. Odd names are counters. */
static void totals_are_sums_of_all_lines(void **state)
{
    static char lines[20000], labels[100];

    (void)state;
    for (unsigned seed = 1; seed <= 100 / ONE_IN; seed++) {
        int64_t sum[NAMES] = {0}, count[NAMES] = {0};

        any_seed(seed);
        relay_begin();
        relay_metrics.settings.expiry_ms = 0;
        for (unsigned interval = 0; interval < 10; interval++) {
            bool sent[NAMES] = {false};
            size_t len = 0;

            for (unsigned i = any(200); i--;) {
                unsigned name = any(NAMES);
                int value = (int)any(2000) - 500;

                len += (size_t)sprintf(lines + len, "n%u:%d|%s|@0.5|#k:%u\n", name, value, name % 2 ? "c" : "ms", name);
                sum[name] += value * 2;
                count[name] += 2;
                sent[name] = true;
            }
            lines[len] = '\0';
            decoded(lines);
            for (unsigned i = 0; i < NAMES; i++) {
                sprintf(labels, "__name__=n%u%s,k=%u ", i, i % 2 ? "" : "_sum", i);
                if (sent[i])
                    check_total(labels, sum[i]);
                sprintf(labels, "__name__=n%u_count,k=%u ", i, i);
                if (sent[i] && i % 2 == 0)
                    check_total(labels, count[i]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_kind_has_its_series, relay_setup),
        cmocka_unit_test_setup(ends_are_marked, relay_setup),
        cmocka_unit_test_setup(labels_are_valid_and_unique, relay_setup),
        cmocka_unit_test_setup(a_series_without_times_has_no_zero, relay_setup),
        cmocka_unit_test_setup(what_is_too_long_is_left_out, relay_setup),
        cmocka_unit_test_setup(a_series_is_written_once, relay_setup),
        cmocka_unit_test_setup(a_counter_that_is_left_out_has_no_zero, relay_setup),
        cmocka_unit_test_setup(a_series_stays_with_its_metric, relay_setup),
        cmocka_unit_test_setup(an_ended_series_is_free_again, relay_setup),
        cmocka_unit_test_setup(names_of_ours_are_left_out, relay_setup),
        cmocka_unit_test_setup(there_are_places_for_all, relay_setup),
        cmocka_unit_test_setup(parts_are_apart, relay_setup),
        cmocka_unit_test_setup(totals_are_sums_of_all_lines, relay_setup),
    };

    return cmocka_run_group_tests_name("relayed_prometheus", tests, NULL, NULL);
}
