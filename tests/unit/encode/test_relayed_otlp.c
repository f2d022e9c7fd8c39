/* The application's metrics in OTLP. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "unit/encode/relay_helper.h"
#include "unit/helper.h"

/* --- a decoder, to a line for each point ------------------------------------------------------
 *
 *   name [ms] sum|gauge|histogram a=b,c=d start+time value
 *
 * Times are ms since RELAY_START_MS, and a histogram's value is "count sum min..max scale: zeros offset:n,n -offset:n".
 */

static char text[400000];
static struct buf out;

static int zigzag(uint64_t n)
{
    return (int)(n >> 1) ^ -(int)(n & 1);
}

static void put_int(int64_t n)
{
    if (n < 0)
        buf_char(&out, '-');
    buf_u64(&out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

static void put_time(uint64_t ns)
{
    assert_true(ns % 1000000 == 0);
    if (ns)
        put_int((int64_t)(ns / 1000000) - RELAY_START_MS);
    else
        buf_text(&out, "none");
}

static void put_attribute(const struct pb_field *attribute)
{
    const char *at = attribute->bytes, *end = at + attribute->len;
    struct pb_field key = next_field(&at, end), any = next_field(&at, end), value;

    assert_ptr_equal(at, end);
    assert_int_equal(key.number, 1);
    assert_int_equal(any.number, 2);
    at = any.bytes;
    value = next_field(&at, end);
    assert_int_equal(value.number, 1);
    buf_put(&out, key.bytes, key.len);
    buf_char(&out, '=');
    buf_put(&out, value.bytes, value.len);
    buf_char(&out, ',');
}

/* Puts " offset:n,n". Returns the sum of the counts. */
static uint64_t put_buckets(const struct pb_field *buckets)
{
    const char *at = buckets->bytes, *end = at + buckets->len;
    struct pb_field counts;
    uint64_t sum = 0;

    if (!at)
        return 0;
    buf_text(&out, buckets->number == 9 ? " -" : " ");
    put_int(zigzag(next_field(&at, end).value));
    buf_char(&out, ':');
    counts = next_field(&at, end);
    assert_ptr_equal(at, end);
    for (at = counts.bytes; at < end;) {
        uint64_t n = 0;

        for (unsigned shift = 0; shift < 64; shift += 7) {
            n |= (uint64_t)(*at & 0x7f) << shift;
            if (!(*at++ & 0x80))
                break;
        }
        if (sum)
            buf_char(&out, ',');
        buf_u64(&out, n);
        sum += n;
    }
    assert_ptr_equal(at, end);
    return sum;
}

static void put_point(const struct pb_field *point, bool histogram)
{
    const char *at = point->bytes, *end = at + point->len;
    struct pb_field field[14] = {{0}};
    uint64_t number[14] = {0}, sum;

    while (at < end) {
        struct pb_field f = next_field(&at, end);

        assert_true(f.number < 14);
        field[f.number] = f;
        number[f.number] = f.bytes || f.number == 6 || f.number == 8 || f.number == 10 ? f.value : fixed64_before(at);
        if (f.number == (histogram ? 1 : 7))
            put_attribute(&f);
    }
    buf_char(&out, ' ');
    if (histogram || field[2].number) {
        put_time(number[2]);
        buf_char(&out, '+');
    }
    put_time(number[3]);
    buf_char(&out, ' ');
    if (!histogram) {
        assert_true(!field[6].number && !field[4].number == !!field[8].number);
        if (field[8].number)
            buf_text(&out, number[8] == 1 ? "ended" : "?");
        else
            buf_double(&out, number_of_bits(number[4]));
        return;
    }
    if (field[10].number) {
        buf_text(&out, number[10] == 1 && !field[4].number ? "ended" : "?");
        return;
    }
    buf_u64(&out, number[4]);
    buf_char(&out, ' ');
    buf_double(&out, number_of_bits(number[5]));
    if (field[12].number) {
        buf_char(&out, ' ');
        buf_double(&out, number_of_bits(number[12]));
        buf_text(&out, "..");
        buf_double(&out, number_of_bits(number[13]));
    }
    buf_char(&out, ' ');
    put_int(zigzag(number[6]));
    buf_text(&out, ": ");
    buf_u64(&out, number[7]);
    sum = number[7] + put_buckets(&field[8]);
    sum += put_buckets(&field[9]);
    assert_true(sum == number[4]);
}

static void put_metric(const struct pb_field *metric)
{
    const char *at = metric->bytes, *end = at + metric->len, *data;
    struct pb_field name = next_field(&at, end), part = next_field(&at, end), unit = {0}, how;
    const char *kind;
    size_t head;

    assert_int_equal(name.number, 1);
    if (part.number == 3) {
        unit = part;
        part = next_field(&at, end);
    }
    assert_ptr_equal(at, end);
    kind = part.number == 5 ? "gauge" : part.number == 7 ? "sum" : "histogram";
    assert_true(part.number == 5 || part.number == 7 || part.number == 10);
    head = out.len;
    for (data = part.bytes; data < end;) {
        how = next_field(&data, end);
        if (how.number != 1) {
            assert_true(how.number == 2 && how.value == 2 && part.number != 5);
            if (data < end) {
                how = next_field(&data, end);
                assert_true(how.number == 3 && how.value == 1 && part.number == 7);
            } else if (part.number == 7) {
                buf_text(&out, "not monotonic\n");
            }
            break;
        }
        buf_put(&out, name.bytes, name.len);
        buf_char(&out, ' ');
        if (unit.len) {
            buf_put(&out, unit.bytes, unit.len);
            buf_char(&out, ' ');
        }
        buf_text(&out, kind);
        buf_char(&out, ' ');
        put_point(&how, part.number == 10);
        buf_char(&out, '\n');
    }
    assert_true(out.len > head && data == end && (part.number == 5 || how.number != 1));
}

static const char *decoded(const char *lines)
{
    const char *record = encoded_text, *end;

    out = (struct buf){.data = text, .cap = sizeof text - 1};
    relay_encoded(&encoder_otlp, lines);
    for (end = encoded_text + encoded_len; record < end;) {
        struct pb_field metric = next_field(&record, end);

        assert_int_equal(metric.number, 2);
        put_metric(&metric);
    }
    assert_false(out.full);
    text[out.len] = '\0';
    return text;
}

/* --- tests ---------------------------------------------------------------------------------- */

/* A metric as in the table, with the total of values 1, 2 and 4 at scale 0. */
static struct {
    struct metric metric;
    char text[8];
    struct histogram interval, total;
    uint32_t counts[HISTOGRAM_WIDE];
} made;

static void a_histogram_has_the_bytes_of_the_specification(void **state)
{
    static const char bytes[] = "\x12\x61\x0a\x01l\x1a\x02ms\x52\x58\x0a\x54\x0a\x08\x0a\x01"
                                "a\x12\x03\x0a\x01"
                                "b\x11\x00\x1c\x1e\xe2\xfb\x9c\x97\x17\x19\x00\x00\x2a\x36\xfe\x9c\x97\x17"
                                "\x21\x03\x00\x00\x00\x00\x00\x00\x00\x29\x00\x00\x00\x00\x00\x00\x1c\x40\x30\x00"
                                "\x39\x00\x00\x00\x00\x00\x00\x00\x00\x42\x07\x08\x01\x12\x03\x01\x01\x01"
                                "\x61\x00\x00\x00\x00\x00\x00\xf0\x3f\x69\x00\x00\x00\x00\x00\x00\x10\x40\x10\x02";
    struct tag tag = {"a", "b"};
    const struct relayed r = {&made.metric, "l", {&tag, 1}, RELAY_START_MS, false, false};
    struct buf b = {.data = encoded_text, .cap = 1000};
    struct sink sink = {.out = &b, .line_max = 1000};

    (void)state;
    made.metric = (struct metric){
        .kind = METRIC_TIMING, .name_len = 1, .text_len = 6, .start_ms = RELAY_START_MS - 10000, .written = true};
    memcpy(made.text, "l\0a\0b", 6);
    histogram_init(&made.total, made.counts, true);
    made.total.scale = 0;
    for (unsigned i = 0; i < 3; i++)
        assert_true(histogram_add(&made.total, 1 << i, 1));
    assert_ptr_equal(metric_total(&made.metric), &made.total);
    encoder_otlp.metric(&sink, &r);
    assert_string_equal(visible(encoded_text, b.len), visible(bytes, sizeof bytes - 1));
}

static void each_kind_has_its_points(void **state)
{
    (void)state;
    assert_string_equal(decoded("a.b:1|c|#k:v\na.b:2.5|c|#k:v"), "a.b sum k=v, 0+1 0\n"
                                                                 "a.b sum k=v, 0+10000 3.5\n");
    assert_string_equal(decoded("a.b:1|c|#k:v\ng:-5|g\ns:x|s\ns:y|s\nd:-1|c"), "d sum  10000+10001 0\nnot monotonic\n"
                                                                               "a.b sum k=v, 0+20000 4.5\n"
                                                                               "g gauge  20000 -5\n"
                                                                               "s gauge  20000 2\n"
                                                                               "d sum  10000+20000 -1\n"
                                                                               "not monotonic\n");
    relay_begin();
    assert_string_equal(decoded("t:2:2|ms|@0.5|#z:2\nh:-1|h\nd:0|d"), "t ms histogram z=2, 0+1 0 0 20: 0\n"
                                                                      "h histogram  0+1 0 0 20: 0\n"
                                                                      "d histogram  0+1 0 0 20: 0\n"
                                                                      "t ms histogram z=2, 0+10000 4 8 2..2 20: 0 "
                                                                      "1048575:4\n"
                                                                      "h histogram  0+10000 1 -1 -1..-1 20: 0 --1:1\n"
                                                                      "d histogram  0+10000 1 0 0..0 20: 1\n");
    decoded("h:1024:-3|h");
    assert_non_null(strstr(text, "h histogram  0+20000 3 1020 -3..1024 6: 0 639:1 --1:1,0,"));
}

/* A decrease changes one series of a name, from then on, and the others stay as they were. */
static void a_decrease_concerns_one_series(void **state)
{
    (void)state;
    decoded("c:5|c|#k:a\nc:1|c|#k:b");
    assert_int_equal(count_of(text, "not monotonic"), 0);
    for (int i = 0; i < 2; i++) {
        decoded(i ? "c:9|c|#k:a" : "c:-2|c|#k:a");
        assert_non_null(strstr(text, i ? "12\nnot monotonic\nc sum k=b" : "3\nnot monotonic\nc sum k=b"));
        assert_int_equal(count_of(text, "not monotonic"), 1);
    }
}

static void ends_are_marked(void **state)
{
    (void)state;
    decoded("c:1|c\nt:1|ms|#a:b\ng:1|g\ns:1|s");
    decoded("");
    assert_int_equal(count_of(text, "\n"), 3);
    decoded("");
    assert_string_equal(decoded(""), "c sum  0+40000 ended\n"
                                     "g gauge  40000 ended\n"
                                     "s gauge  40000 ended\n"
                                     "t ms histogram a=b, 0+40000 ended\n");
    assert_string_equal(decoded("c:2|c"), "c sum  40000+40001 0\nc sum  40000+50000 2\n");
}

static void attributes_are_clean(void **state)
{
    struct tag ours[] = {{"host", "a"}, {"pod", "p"}};

    (void)state;
    relay_ours = (struct tags){ours, 2};
    assert_string_equal(decoded("\xff\xc3\xa9:1|g|#k\xff:1,k\xfe:2,e:,on,__name__:no,host:mine,v:\xc3"),
                        "_\xc3\xa9 gauge e=,host=mine,k_=2,on=true,pod=p,v=_, 10000 1\n");
    relay_begin();
    relay_ours = (struct tags){ours, 1};
    assert_string_equal(decoded("a:1|g|#overflow:true"), "a gauge host=a,otel.metric.overflow=true, 10000 1\n");
}

/* The first number in the table keeps the series, silent or not, until it ends. Timings are a type of their own. */
static void a_series_of_numbers_is_written_once(void **state)
{
    static const char *const lines[] = {"dup:7|g\ndup:bob|s", "x:7|g\nx:9|c", "\xff:7|g\n\xfe:1|g",
                                        "a:7|g|#on\na:1|s|#on:true", "a:7|g|#host:h\na:1|s"};
    struct tag host = {"host", "h"};
    struct sink sink;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        relay_begin();
        relay_ours = (struct tags){&host, 1};
        decoded(lines[i]);
        assert_row(count_of(text, "\n") == 1 && strstr(text, " gauge ") && strstr(text, " 10000 7\n"), lines[i]);
        sink = relay_into(&encoder_otlp, 1000, 4000);
        assert_row(sink.oversized == 1 && sink.lines == 1, lines[i]);
        assert_ptr_equal(relay_claims.owner, metrics_next(&relay_metrics, NULL));
    }
    relay_begin();
    decoded("x:1|ms\nx:2|g\nx:3|c\nx:2|g|#a:b");
    assert_string_equal(text, "x ms histogram  0+1 0 0 20: 0\nx gauge  10000 2\nx gauge a=b, 10000 2\n"
                              "x ms histogram  0+10000 1 1 1..1 20: 0 -1:1\n");
    decoded("x:3|c");
    assert_string_equal(decoded("x:3|c"), "x gauge  30000 2\nx gauge a=b, 30000 2\n");
    assert_non_null(strstr(decoded("x:3|c"), "x gauge  40000 ended\n"));
    assert_non_null(strstr(decoded("x:3|c"), "x sum  0+50000 15\n"));
}

/* So are timings, histograms and distributions, whatever the numbers of that name are. */
static void a_series_of_timings_is_written_once(void **state)
{
    static const char *const lines[] = {"x:7|h\nx:9|d", "x:7|ms\nx:9|h", "x:7|ms|#on\nx:9|ms|#on:true",
                                        "x:7|ms|#host:h\nx:9|ms"};
    struct tag host = {"host", "h"};
    struct sink sink;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        relay_begin();
        relay_ours = (struct tags){&host, 1};
        decoded(lines[i]);
        assert_row(count_of(text, "\n") == 2 && strstr(text, " 1 7 7..7 "), lines[i]);
        sink = relay_into(&encoder_otlp, 1000, 4000);
        assert_row(sink.oversized == 1 && sink.lines == 2, lines[i]);
        assert_ptr_equal(relay_claims.owner, metrics_next(&relay_metrics, NULL));
    }
}

/* Stores write names as Prometheus does, and refuse a second value of our series. */
static void names_of_ours_are_left_out(void **state)
{
    (void)state;
    decoded("netstat.tcp_established:1|g|#ip_version:4\nsockpush_output.sent_lines:1|c\nsockpush.x:1|ms\nnetstats:1|g");
    assert_string_equal(text, "netstats gauge  10000 1\n");
    assert_string_equal(metric_name(relay_claims.left_out), "netstat.tcp_established");
    assert_null(relay_claims.owner);
}

static void unknown_times_are_left_out(void **state)
{
    (void)state;
    metrics_flush(&relay_metrics, 15000, -1);
    assert_string_equal(decoded("a:1|c"), "a sum  none+10000 1\n");
}

static void what_is_too_long_is_left_out(void **state)
{
    (void)state;
    decoded("a:1|c");
    for (size_t max = 1; max < encoded_len / 2; max++) {
        struct sink sink = relay_into(&encoder_otlp, max, 4000);

        assert_int_equal(sink.oversized, 2);
        assert_int_equal(encoded_len, 0);
        assert_int_equal(sink.lines, 0);
        relay_into(&encoder_otlp, 1000, 4000);
    }
}

/* Whatever comes in which interval, the last points are of all lines. put_point checks that buckets add up. */
static void totals_are_sums_of_all_lines(void **state)
{
    static char lines[40000], start[100], end[200];

    (void)state;
    for (unsigned seed = 1; seed <= 50 / ONE_IN; seed++) {
        int64_t sum = 0, timed = 0, count = 0;
        unsigned spread;

        any_seed(seed);
        spread = 1 + any(12);
        relay_begin();
        relay_metrics.settings.expiry_ms = 0;
        for (unsigned interval = 0; interval < 10; interval++) {
            size_t len = 0;

            for (unsigned i = 1 + any(500); i--;) {
                int value = (int)any(UINT32_C(1) << (2 * spread)) - (int)any(2000), n = 1 + (int)any(5);

                len += (size_t)sprintf(lines + len, "c:%d|c\nt:%d|ms|@%s\n", value, value, n % 2 ? "1" : "0.125");
                sum += value;
                timed += n % 2 ? value : value * INT64_C(8);
                count += n % 2 ? 1 : 8;
            }
            decoded(lines);
            sprintf(start, "t ms histogram  0+%lld %lld %lld ", (long long)(relay_metrics.flush_ms - RELAY_START_MS),
                    (long long)count, (long long)timed);
            sprintf(end, "c sum  0+%lld %lld\n", (long long)(relay_metrics.flush_ms - RELAY_START_MS), (long long)sum);
            assert_row(strstr(text, start), start);
            assert_row(strstr(text, end), end);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_histogram_has_the_bytes_of_the_specification),
        cmocka_unit_test_setup(each_kind_has_its_points, relay_setup),
        cmocka_unit_test_setup(a_decrease_concerns_one_series, relay_setup),
        cmocka_unit_test_setup(ends_are_marked, relay_setup),
        cmocka_unit_test_setup(attributes_are_clean, relay_setup),
        cmocka_unit_test_setup(a_series_of_numbers_is_written_once, relay_setup),
        cmocka_unit_test_setup(a_series_of_timings_is_written_once, relay_setup),
        cmocka_unit_test_setup(names_of_ours_are_left_out, relay_setup),
        cmocka_unit_test_setup(unknown_times_are_left_out, relay_setup),
        cmocka_unit_test_setup(what_is_too_long_is_left_out, relay_setup),
        cmocka_unit_test_setup(totals_are_sums_of_all_lines, relay_setup),
    };

    return cmocka_run_group_tests_name("relayed_otlp", tests, NULL, NULL);
}
