/* Metrics, aggregated from lines. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/intake.h"
#include "unit/helper.h"

#define SIZE (1u << 20)

static _Alignas(8) char memory[SIZE];
static struct metrics m;
static struct intake in;
static struct intake_counters counters;
static uint64_t now_ms;
static int64_t wall_ms;

static void begin_with(struct metrics_settings settings, uint32_t size)
{
    memset(memory, 0, sizeof memory);
    now_ms = 1000;
    wall_ms = 1700000000000;
    metrics_init(&m, &settings, memory, size);
    in = (struct intake){.metrics = &m};
    counters = (struct intake_counters){0};
}

static int begin(void **state)
{
    (void)state;
    begin_with((struct metrics_settings){{1, 2}, .expiry_ms = 300000, .deltas = true, .totals = true}, SIZE);
    return 0;
}

static void take(const char *text)
{
    intake_take(&in, &counters, text, strlen(text), false);
}

static void flush(void)
{
    now_ms += 10000;
    wall_ms += 10000;
    metrics_flush(&m, now_ms, wall_ms);
}

/* Returns the metric whose name, kind and tags are "name|c|a:b,c", or NULL. */
static const struct metric *find(const char *wanted)
{
    static const char *const kinds[] = {"c", "g", "ms", "h", "d", "s"};
    const struct metric *metric = NULL;
    char text[3000];

    while ((metric = metrics_next(&m, metric))) {
        size_t len = (size_t)sprintf(text, "%s|%s", metric_name(metric), kinds[metric->kind]);
        const char *key = NULL, *value;
        unsigned n = 0;

        while ((key = metric_next_tag(metric, key, &value)))
            len += (size_t)sprintf(text + len, "%c%s%s%s", n++ ? ',' : '|', key, value ? ":" : "", value ? value : "");
        assert_int_equal(n, metric->n_tags);
        if (!strcmp(text, wanted))
            return metric;
    }
    return NULL;
}

static unsigned count(void)
{
    const struct metric *metric = NULL;
    unsigned n = 0;

    while ((metric = metrics_next(&m, metric)))
        n++;
    return n;
}

/* Each line's value after a flush, alone. */
static void lines_have_their_values(void **state)
{
    static const struct {
        const char *line, *metric;
        double value;
    } row[] = {
        {"a:1|c", "a|c", 1},
        {"a:1|c\n", "a|c", 1},
        {"a:1|c\r\n", "a|c", 1},
        {"\n\na:1|c", "a|c", 1},
        {"a:1.5|c", "a|c", 1.5},
        {"a:1e2|c", "a|c", 100},
        {"a:-3|c", "a|c", -3},
        {"a:+3|c", "a|c", 3},
        {"a:1:2:3|c", "a|c", 6},
        {"a:1::3|c", "a|c", 4},
        {"a:1|c:2|c:3|c", "a|c", 6},
        {"a:1:2:3|g", "a|g", 3},
        {"a:5|g:+2|g:-1|g", "a|g", 6},
        {"a:-5|g", "a|g", -5},
        {"a:x:y|s", "a|s", 1},
        {"a:x|s\na:y|s\na:x|s", "a|s", 2},
        {"a:1|c|@0.1", "a|c", 10},
        {"a:1|c|@1e-1", "a|c", 10},
        {"a:1|c|@2", "a|c", 1},
        {"a:5|g|@0.1", "a|g", 5},
        {"a:x|s|@0.1", "a|s", 1},
        {"a:1|c|#", "a|c", 1},
        {"a:1|c|#,,x:y,", "a|c|x:y", 1},
        {"a:1|c|#k:", "a|c|k:", 1},
        {"a:1|c|#:v", "a|c", 1},
        {"a:1|c|#k:v:w", "a|c|k:v:w", 1},
        {"a:1|c|#k", "a|c|k", 1},
        {"a:1|c|#b:1,a:2,b:3", "a|c|a:2,b:3", 1},
        {"a:1|c|#k:v|T1700000000", "a|c|k:v", 1},
        {"a:1|c|c:abc|e:it-false,cn-x|card:low", "a|c", 1},
        {"a b/c;d\303\251:1|c", "a b/c;d\303\251|c", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        const struct metric *metric;

        begin(NULL);
        take(row[i].line);
        flush();
        metric = find(row[i].metric);
        assert_row(metric && fabs(metric->values.value - row[i].value) < 1e-12, row[i].line);
        assert_row(count() == 1 && metric->written && metric->fresh && !counters.refused_lines, row[i].line);
    }
}

static void sampled_values_weigh_more(void **state)
{
    const struct metric *metric;

    (void)state;
    take("a:100|ms|@0.1\na:1:2:3|h|@0.5");
    for (int i = 0; i < 3; i++)
        take("b:1|d|@0.3"); /* 3.33 each: none of the thirds is lost */
    flush();
    metric = find("a|ms");
    assert_true(metric->values.count == 10 && metric->values.sum == 1000);
    assert_true(metric->values.min == 100 && metric->values.max == 100 && metric->values.quantile[0] == 100);
    assert_int_equal(find("a|h")->values.count, 6);
    assert_int_equal(find("b|d")->values.count, 10);
}

static void one_bad_line_costs_no_other(void **state)
{
    (void)state;
    take("a:1|c\nFoo::Bar:1|c\nb:1|x\n\x01:1|c\nc:2|c\nd:3|c|@0\n_e{5,4}:title|text\ne:1|c");
    flush();
    assert_int_equal(count(), 3);
    assert_int_equal(counters.lines, 4);
    assert_int_equal(counters.refused_lines, 4);
    assert_int_equal(counters.unsupported_lines, 1);
    assert_string_equal(in.refused[LINE_COLON_IN_NAME], "Foo::Bar:1|c");
    assert_string_equal(in.refused[LINE_BAD_RATE], "d:3|c|@0");
}

static void sums_stay_finite(void **state)
{
    static const double most = 1.7e308; /* as a literal it has more digits with x87 */

    (void)state;
    for (int i = 0; i < 3; i++)
        take("a:1.7e308|c\nb:-1.7e308|c\ng:+1.7e308|g");
    flush();
    take("a:1.7e308|c\nb:-1.7e308|c");
    flush();
    assert_true(isfinite(find("a|c")->values.total) && isfinite(find("b|c")->values.total));
    assert_true(isfinite(find("g|g")->values.value) && find("a|c")->values.value == most);
}

static void a_line_that_begins_with_zero_is_shown(void **state)
{
    (void)state;
    intake_take(&in, &counters, "\0a:1|c", 6, false);
    assert_int_equal(counters.refused_lines, 1);
    assert_string_equal(in.refused[LINE_CONTROL], "?a:1|c");
}

static void a_cut_datagram_loses_its_last_line(void **state)
{
    (void)state;
    intake_take(&in, &counters, "a:1|c\nb:1|c", 11, true);
    flush();
    assert_true(find("a|c") && !find("b|c"));
    assert_int_equal(counters.refused_lines, 1);
}

static void long_keys_are_refused(void **state)
{
    char text[METRIC_TEXT_MAX + 10];
    char tags[400] = "a:1|c|#";

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text + METRIC_TEXT_MAX + 1, ":1|c", 5);
    take(text);
    memcpy(text + METRIC_TEXT_MAX, ":1|c", 5);
    take(text);
    for (int i = 0; i <= METRIC_TAGS_MAX; i++)
        sprintf(tags + strlen(tags), "%st%d:1", i ? "," : "", i);
    take(tags);
    *strrchr(tags, ',') = '\0';
    take(tags);
    flush();
    assert_int_equal(counters.refused_lines, 2);
    assert_int_equal(count(), 2);
}

static void the_order_of_tags_does_not_matter(void **state)
{
    (void)state;
    take("a:1|c|#b:1,a:2,c\na:1|c|#c,b:1,a:2\na:1|c|#a:2,c,b:1\na:1|c|#a:2,b:1\na:1|c|#a:2,b:1,c:");
    flush();
    assert_int_equal(count(), 3);
    assert_true(find("a|c|a:2,b:1,c")->values.value == 3);
}

static void tags_for_the_agent_are_left_out(void **state)
{
    (void)state;
    take("a:1|c|#dd.internal.entity_id:x,b:1\na:1|c|#b:1,dd.internal.card:low");
    flush();
    assert_int_equal(count(), 1);
    assert_true(find("a|c|b:1")->values.value == 2);
}

static void types_of_one_name_are_apart(void **state)
{
    (void)state;
    take("req:1|c\nreq:5|ms\nreq:7|g");
    flush();
    assert_true(find("req|c")->values.value == 1 && find("req|ms")->values.sum == 5 &&
                find("req|g")->values.value == 7);
}

static void totals_go_on(void **state)
{
    const struct metric *metric;

    (void)state;
    flush();
    take("a:2|c\nb:1|ms\nb:3|ms\ng:4|g\ns:x|s");
    flush();
    metric = find("a|c");
    assert_true(metric->fresh && metric->start_ms == wall_ms - 10000 && metric->monotonic);
    take("a:3|c\nb:5|ms\ng:+1|g\ns:x|s\ns:y|s");
    flush();
    metric = find("a|c");
    assert_true(!metric->fresh && metric->values.value == 3 && metric->values.total == 5);
    assert_int_equal(metric->start_ms, wall_ms - 20000);
    metric = find("b|ms");
    assert_true(metric->values.count == 1 && metric->values.sum == 5 && metric->values.total_count == 3);
    assert_true(metric->values.total_sum == 9 && metric_total(metric)->count == 3 && metric_total(metric)->max == 5);
    assert_true(find("g|g")->values.value == 5 && find("s|s")->values.value == 2);
    flush(); /* nothing came */
    metric = find("a|c");
    assert_true(metric->written && metric->values.value == 0 && metric->values.total == 5);
    assert_true(!find("b|ms")->written && metric_total(find("b|ms"))->count == 3);
    assert_true(find("g|g")->written && find("g|g")->values.value == 5);
    assert_true(find("s|s")->written && find("s|s")->values.value == 0);
    take("a:-1|c");
    flush();
    assert_true(!find("a|c")->monotonic && find("a|c")->values.total == 4);
}

static void what_is_silent_ends(void **state)
{
    (void)state;
    take("a:1|c\nb:1|c\ng:5|g\nh:-1|ms");
    flush();
    for (int i = 0; i < 29; i++) {
        take("b:1|c");
        flush();
        assert_true(count() == 4 && !find("a|c")->ended);
    }
    flush();
    assert_true(find("a|c")->ended && find("g|g")->ended && find("h|ms")->ended && !find("b|c")->ended);
    take("h:2|ms"); /* it comes back, and begins anew */
    flush();
    assert_int_equal(count(), 2);
    assert_true(!find("h|ms")->ended && find("h|ms")->fresh && find("h|ms")->values.total_count == 1);
    assert_int_equal(metric_total(find("h|ms"))->count, 1);
    take("g:+1|g");
    flush();
    assert_true(find("g|g")->values.value == 1 && find("g|g")->fresh);
}

static void nothing_ends_without_an_expiry(void **state)
{
    (void)state;
    begin_with((struct metrics_settings){.key = {1, 2}}, SIZE);
    take("a:1|c");
    for (int i = 0; i < 1000; i++)
        flush();
    assert_true(find("a|c") && !find("a|c")->ended);
}

static void gauges_with_a_sign_can_be_values(void **state)
{
    (void)state;
    begin_with((struct metrics_settings){.key = {1, 2}}, SIZE);
    take("a:5|g\na:-2|g");
    flush();
    assert_true(find("a|g")->values.value == -2);
}

static void negative_values_get_their_range(void **state)
{
    const struct metric *metric;

    (void)state;
    take("a:1|ms\na:2|ms\nb:1|ms");
    flush();
    take("a:4|ms\na:-3|ms\nb:2|ms\na:-1|ms");
    flush();
    assert_int_equal(count(), 2);
    metric = find("a|ms");
    assert_true(metric->values.count == 3 && metric->values.min == -3 && metric->values.max == 4);
    assert_true(metric->values.total_count == 5 && metric_total(metric)->count == 5 && metric_total(metric)->min == -3);
    assert_true(find("b|ms")->values.sum == 2);
}

static void a_full_table_counts_elsewhere(void **state)
{
    char text[100];
    unsigned n = 0;

    (void)state;
    begin_with((struct metrics_settings){{1, 2}, .expiry_ms = 20000, .deltas = true}, METRICS_MEMORY_MIN);
    for (; n < 5000; n++) {
        sprintf(text, "name:1|c|#n:%u\ng:1|g|#n:%u\nt:7|ms|#n:%u", n, n, n);
        take(text);
    }
    flush();
    assert_true(counters.lines == 15000 && counters.overflow_lines > 10000);
    assert_true(find("name|c|overflow:true") && !find("g|g|overflow:true") && find("t|ms|overflow:true"));
    {
        const struct metric *metric = NULL;
        double sum = 0;

        while ((metric = metrics_next(&m, metric)))
            sum += metric->kind == METRIC_COUNTER ? metric->values.value : 0;
        assert_true(sum == 5000); /* not one is lost */
    }
    flush();
    flush();
    flush();
    assert_int_equal(count(), 0);
    take("again:1|c");
    flush();
    assert_true(find("again|c") != NULL); /* there is room anew */
}

/* Random lines, beside a plain model of counters and gauges: whatever ends, comes back and moves. */
static void as_a_plain_model(void **state)
{
    enum { NAMES = 40 };
    static struct {
        double sum, total, gauge;
        unsigned silent;
        bool there;
    } model[NAMES];

    (void)state;
    for (unsigned seed = 1; seed <= 200 / ONE_IN; seed++) {
        memset(model, 0, sizeof model);
        begin_with((struct metrics_settings){{seed, 2}, .expiry_ms = 30000, .deltas = true, .totals = seed & 1}, SIZE);
        srand(seed);
        for (int round = 0; round < 40; round++) {
            unsigned lines = (unsigned)rand() % 60;

            for (int i = 0; i < NAMES; i++)
                model[i].sum = 0, model[i].silent++;
            while (lines--) {
                unsigned i = (unsigned)rand() % NAMES % (1 + (unsigned)rand() % NAMES);
                int number = rand() % 100 - 10;
                char text[100];

                if (i % 4 == 3)
                    sprintf(text, "n%u:%d|ms|#i:%u", i, number, i);
                else
                    sprintf(text, "n%u:%d|c|#i:%u", i, number, i);
                take(text);
                if (!model[i].there)
                    model[i].total = 0;
                model[i].there = true;
                model[i].silent = 0;
                model[i].sum += number;
                model[i].total += number;
            }
            flush();
            for (unsigned i = 0; i < NAMES; i++) {
                char wanted[100];
                const struct metric *metric;

                sprintf(wanted, "n%u|%s|i:%u", i, i % 4 == 3 ? "ms" : "c", i);
                metric = find(wanted);
                assert_row(!metric == !model[i].there, wanted);
                if (!metric)
                    continue;
                assert_row(model[i].sum == (i % 4 == 3 ? metric->values.sum : metric->values.value), wanted);
                assert_row(model[i].total == (i % 4 == 3 ? metric->values.total_sum : metric->values.total), wanted);
                assert_row(metric->ended == (model[i].silent >= 3), wanted);
                model[i].there = !metric->ended;
            }
        }
    }
}

/* Takes a random line: of a counter, or of a timing, which is negative now and then. Returns its value. */
static double take_any(void)
{
    unsigned value = 1 + any(9), name = any(120);
    bool timing = any(3) == 0, negative = timing && any(4) == 0;
    char line[60];

    sprintf(line, "a.name.of.a.metric.%u:%s%u|%s", name, negative ? "-" : "", value, timing ? "ms" : "c");
    take(line);
    return negative ? -(double)value : value;
}

/* Returns the sum of all that the last flush has. */
static double pushed(void)
{
    const struct metric *metric = NULL;
    double sum = 0;

    while ((metric = metrics_next(&m, metric)))
        if (metric->written && !metric->ended)
            sum += metric->kind == METRIC_COUNTER ? metric->values.value : metric->values.sum;
    return sum;
}

/* Lines come between two calls of a flush, for metrics that it has passed, or not yet, or is about to forget; some
 * move. */
static void lines_during_a_flush_are_in_this_interval_or_the_next(void **state)
{
    double in_all = 0, out_all = 0;
    unsigned pieces = 0;

    (void)state;
    any_seed(25);
    begin_with((struct metrics_settings){{1, 2}, .expiry_ms = 20000, .totals = true}, SIZE);
    for (int round = 0; round < 2000 / ONE_IN; round++) {
        for (unsigned n = any(3) ? any(20) : any(600); n; n--)
            in_all += take_any();
        now_ms += 10000;
        wall_ms += 10000;
        for (; metrics_flush_some(&m, now_ms, wall_ms); pieces++)
            for (unsigned n = any(30); n; n--)
                in_all += take_any();
        out_all += pushed();
    }
    flush();
    out_all += pushed();
    assert_int_equal(counters.overflow_lines, 0);
    assert_true(pieces > 100);
    assert_true(in_all == out_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_their_values),
        cmocka_unit_test_setup(sampled_values_weigh_more, begin),
        cmocka_unit_test_setup(one_bad_line_costs_no_other, begin),
        cmocka_unit_test_setup(sums_stay_finite, begin),
        cmocka_unit_test_setup(a_line_that_begins_with_zero_is_shown, begin),
        cmocka_unit_test_setup(a_cut_datagram_loses_its_last_line, begin),
        cmocka_unit_test_setup(long_keys_are_refused, begin),
        cmocka_unit_test_setup(the_order_of_tags_does_not_matter, begin),
        cmocka_unit_test_setup(tags_for_the_agent_are_left_out, begin),
        cmocka_unit_test_setup(types_of_one_name_are_apart, begin),
        cmocka_unit_test_setup(totals_go_on, begin),
        cmocka_unit_test_setup(what_is_silent_ends, begin),
        cmocka_unit_test(nothing_ends_without_an_expiry),
        cmocka_unit_test(gauges_with_a_sign_can_be_values),
        cmocka_unit_test_setup(negative_values_get_their_range, begin),
        cmocka_unit_test(a_full_table_counts_elsewhere),
        cmocka_unit_test(as_a_plain_model),
        cmocka_unit_test(lines_during_a_flush_are_in_this_interval_or_the_next),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
