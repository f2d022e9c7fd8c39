/* Lines that go to the metrics, to packers, or to both. */
#include <stdio.h>
#include <string.h>

#include "input/intake.h"
#include "unit/helper.h"

#define PACKET 20

static _Alignas(8) char memory[METRICS_MEMORY_MIN];
static struct metrics m;
static struct packer packer[3];
static char bytes[3][PACKET + 1], sent[3][8192];
static struct intake in;
static struct intake_counters counters;

static void collect(void *ctx, const char *lines, size_t len, uint32_t n)
{
    (void)n;
    strncat(ctx, lines, len);
}

static int begin(void **state)
{
    static const struct metrics_settings settings = {.key = {1, 2}};

    (void)state;
    memset(memory, 0, sizeof memory);
    memset(sent, 0, sizeof sent);
    metrics_init(&m, &settings, memory, sizeof memory);
    for (int i = 0; i < 3; i++)
        packer[i] = (struct packer){
            .dialect = (enum pack_dialect)i, .packet_max = PACKET, .bytes = bytes[i], .send = collect, .ctx = sent[i]};
    in = (struct intake){.metrics = &m, .packers = packer, .n_packers = 3};
    counters = (struct intake_counters){0};
    return 0;
}

static void take(const char *text)
{
    intake_take(&in, &counters, text, strlen(text), false);
}

static void end(void)
{
    intake_flush(&in);
    assert_false(intake_holds_lines(&in));
    metrics_flush(&m, 0, 0);
}

static void each_line_goes_to_all(void **state)
{
    (void)state;
    take("a:1:2|c\nb:1|c:x|s");
    assert_true(intake_holds_lines(&in));
    end();
    assert_string_equal(sent[PACK_DATADOG], "a:1:2|c\nb:1|c\nb:x|s\n");
    assert_string_equal(sent[PACK_STATSD], "a:1|c\na:2|c\nb:1|c\nb:x|s\n");
    assert_int_equal(m.n, 3);
    assert_true(metrics_next(&m, NULL)->values.value == 3);
    assert_int_equal(counters.lines, 2);
    assert_int_equal(counters.refused_lines + counters.unsupported_lines, 0);
}

static void a_line_is_unsupported_once(void **state)
{
    (void)state;
    take("_sc|a|0\na:-1|ms\na:x:y|s\nFoo::Bar:1|c");
    end();
    assert_string_equal(sent[PACK_DATADOG], "_sc|a|0\na:-1|ms\na:x:y|s\n");
    assert_string_equal(sent[PACK_STATSD], "");
    assert_int_equal(counters.lines, 3);
    assert_int_equal(counters.unsupported_lines, 3);
    assert_int_equal(counters.refused_lines, 1);
    assert_int_equal(packer[PACK_STATSD].counters.unsupported, 3);
    assert_int_equal(packer[PACK_DOGSTATSD].counters.unsupported, 1);
    assert_string_equal(in.refused[LINE_COLON_IN_NAME], "Foo::Bar:1|c");
    in.packers = &packer[1];
    in.n_packers = 2;
    in.metrics = NULL;
    packer[2].dialect = PACK_DATADOG; /* the last one takes all */
    take("_sc|a|0");
    end();
    assert_int_equal(counters.lines, 4);
    assert_int_equal(counters.unsupported_lines, 4);
}

static void an_event_is_supported_where_all_outputs_have_it(void **state)
{
    (void)state;
    in.n_packers = 1;
    in.metrics = NULL;
    take("_sc|a|0\na:1|c|T1\nb:1|c|#k:v,l:w,m:xyz0");
    end();
    assert_string_equal(sent[PACK_DATADOG], "_sc|a|0\na:1|c|T1\n");
    assert_int_equal(counters.lines, 3);
    assert_int_equal(counters.unsupported_lines + counters.late_times, 0);
    assert_int_equal(packer[PACK_DATADOG].counters.oversized, 1);
}

/* The limits of the metrics do not hold for what is passed on. */
static void a_line_with_many_tags_is_passed_on(void **state)
{
    static char big[3][4096];
    char text[METRIC_TAGS_MAX * 4 + 20] = "a:1|c|#t";

    (void)state;
    for (int i = 0; i < 3; i++) {
        packer[i].packet_max = sizeof big[i] - 1;
        packer[i].bytes = big[i];
    }
    for (int i = 0; i < METRIC_TAGS_MAX; i++)
        sprintf(text + strlen(text), ",t%d", i);
    take(text);
    end();
    strcat(text, "\n");
    assert_string_equal(sent[PACK_DATADOG], text);
    assert_string_equal(sent[PACK_DOGSTATSD], text);
    assert_string_equal(sent[PACK_STATSD], "a:1|c\n");
    assert_int_equal(counters.refused_lines, 1);
    assert_int_equal(m.n, 0);
    in.metrics = NULL;
    take(text);
    end();
    assert_int_equal(counters.refused_lines, 1);
    assert_int_equal(counters.lines, 1);
}

static void of_a_cut_datagram_the_last_line_goes_to_no_one(void **state)
{
    (void)state;
    intake_take(&in, &counters, "a:1|c\nb:1|c", 11, true);
    end();
    assert_string_equal(sent[PACK_DATADOG], "a:1|c\n");
    assert_int_equal(m.n, 1);
    assert_int_equal(counters.refused_lines, 1);
    assert_string_equal(in.refused[REFUSED_LENGTH], "b:1|c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_line_goes_to_all, begin),
        cmocka_unit_test_setup(a_line_is_unsupported_once, begin),
        cmocka_unit_test_setup(an_event_is_supported_where_all_outputs_have_it, begin),
        cmocka_unit_test_setup(a_line_with_many_tags_is_passed_on, begin),
        cmocka_unit_test_setup(of_a_cut_datagram_the_last_line_goes_to_no_one, begin),
    };

    return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
