/* Room for the application's metrics is reserved once. No table needs more. */
#include <stdio.h>
#include <string.h>

#include "encode/relayed.h"
#include "encode/source.h"
#include "input/intake.h"
#include "unit/helper.h"

#define SIZE    (1u << 20)
#define NOW_MS  INT64_C(1700000000000)
#define OUR_MAX 30

static const struct encoder *const formats[] = {&encoder_influx, &encoder_graphite, &encoder_otlp, &encoder_prometheus};

static _Alignas(8) char memory[SIZE];
static struct claim places[2 * SIZE / 64];
static struct claims claims = {.claim = places, .ours = {"netstat.", "sockpush."}};
static struct metrics metrics;
static struct tag our_tag[OUR_MAX];
static char our_text[OUR_MAX][2][200];
static struct series_tags tags;

static void begin(uint32_t size, bool totals)
{
    const struct metrics_settings settings = {{1, 2}, .totals = totals};

    memset(memory, 0, size);
    metrics_init(&metrics, &settings, memory, size);
    metrics_flush(&metrics, 10000, NOW_MS - 10000);
    tags.users = (struct tags){our_tag, 0};
}

static void take(const char *line, uint64_t *overflow)
{
    struct intake_counters counts = {0};

    intake_take(&(struct intake){.metrics = &metrics}, &counts, line, strlen(line), false);
    assert_row(counts.lines == 1 && !counts.refused_lines, line);
    *overflow += counts.overflow_lines;
}

static uint64_t written;

static void count(struct sink *s)
{
    written += s->out->len;
    buf_cut(s->out, 0);
}

/* Checks that the records are within what was predicted. Returns the prediction. */
static uint64_t check(const struct encoder *format, size_t line_max, const char *what)
{
    static char text[FLUSH_BYTES + 400000];
    struct buf out = {.data = text, .cap = sizeof text};
    struct sink sink = {.out = &out, .line_max = line_max, .flush = count, .claims = &claims};
    const struct snapshot s = {.tags = &tags, .metrics = &metrics, .time_ms = NOW_MS};
    uint64_t max = source_application.measure(&s, format, &sink);

    written = 0;
    relayed_encode(&metrics, &tags.users, NOW_MS, format, &sink);
    count(&sink);
    if (written > max)
        print_error("%s, lines of %zu: %llu bytes, at most %llu predicted\n", format->name, line_max,
                    (unsigned long long)written, (unsigned long long)max);
    assert_row(written <= max, what);
    return max;
}

static void check_all(size_t line_max, const char *what)
{
    metrics_flush(&metrics, 20000, NOW_MS);
    for (size_t i = 0; i < COUNT_OF(formats); i++)
        check(formats[i], line_max, what);
}

/* --- random tables ------------------------------------------------------------------------ */

/* How the metrics of a table are: all of one sort, or mixed. */
struct sort {
    unsigned kind, name, tags, value; /* index in kinds, or 6; most bytes of a name and of a tag's value; most tags */
    unsigned escapes;                 /* of 4 bytes */
    bool negative, spread;
};

static char any_byte(const struct sort *sort)
{
    return any(4) < sort->escapes ? ", =;~"[any(5)] : "a_9.\xc3\xff"[any(6)];
}

static size_t put_any(char *at, const struct sort *sort, unsigned most, const char * not)
{
    size_t len = any(2) ? most : any(most + 1);

    for (size_t i = 0; i < len; i++)
        do
            at[i] = any_byte(sort);
        while (strchr(not, at[i]));
    return len;
}

/* Writes a line of at most METRIC_TEXT_MAX bytes of name and tags. */
static void any_line(char *line, const struct sort *sort, unsigned n)
{
    static const char *const kinds[] = {"c", "ms", "g", "h", "d", "s"};
    const char *kind = kinds[sort->kind < 6 ? sort->kind : any(6)];
    char *at = line + sprintf(line, "%x", n);
    size_t room;

    at += put_any(at, sort, sort->name, "");
    room = METRIC_TEXT_MAX - (size_t)(at - line);
    *at++ = ':';
    if (sort->spread && *kind != 'c' && *kind != 's')
        at += sprintf(at, "%s1e-%u:1e%u:%u:", sort->negative ? "-1e9:-7:" : "", any(20), any(20), any(9));
    at += sprintf(at, "%s%u.%u|%s%s|#", sort->negative ? "-" : "", any(99), any(999999), kind,
                  sort->spread ? "|@0.0001" : "");
    for (unsigned i = any(2) ? sort->tags : any(sort->tags + 1); i && room > 4 + sort->value; i--) {
        char *from = at;

        at += sprintf(at, "%s%u", any(8) ? "" : "k", i);
        if (any(4))
            *at++ = ':', at += put_any(at, sort, sort->value, ",");
        *at++ = ',';
        room -= (size_t)(at - from);
    }
    *at = '\0';
}

static struct sort any_sort(void)
{
    struct sort sort = {.kind = any(9), .escapes = any(5), .negative = any(2), .spread = any(2)};

    if (any(2))
        sort.name = 1 + any(any(2) ? 10 : 1000);
    if (any(4))
        sort.tags = any(2) ? 1 + any(3) : METRIC_TAGS_MAX;
    if (sort.tags && any(2))
        sort.value = any((METRIC_TEXT_MAX - sort.name - 8) / sort.tags);
    return sort;
}

static void any_tags_of_ours(const struct sort *sort)
{
    for (unsigned i = any(3) ? any(OUR_MAX) : 0; i--;) {
        char *key = our_text[i][0], *value = our_text[i][1];

        sprintf(key, "k%03u", OUR_MAX - i);
        key[4 + put_any(key + 4, sort, any(2) ? 0 : 150, ",")] = '\0';
        value[put_any(value, sort, any(2) ? 1 : 190, ",")] = '\0';
        our_tag[tags.users.n++] = (struct tag){key, any(9) ? value : NULL};
    }
}

static void any_full_table_is_within_what_was_predicted(void **state)
{
    static char line[2 * METRIC_TEXT_MAX], what[40];

    (void)state;
    for (unsigned seed = 1; seed <= 100 / ONE_IN; seed++) {
        uint64_t overflow = 0;
        struct sort sort;

        any_seed(seed);
        sprintf(what, "seed %u", seed);
        begin(METRICS_MEMORY_MIN + any(100000), any(2));
        sort = any_sort();
        any_tags_of_ours(&sort);
        for (unsigned i = 0; overflow < 20; i++) {
            any_line(line, &sort, i);
            take(line, &overflow);
        }
        check_all(any(2) ? 16383 : any(2) ? 1432 : 512 + any(3000), what);
    }
}

/* --- the densest, and the bound itself ------------------------------------------------------- */

/* Each kind with a long name that needs escapes, and with the shortest tags. Overflow series have the whole table. */
static void the_densest_tables_are_predicted(void **state)
{
    static const char *const kinds[] = {"c", "ms", "g", "s"};
    static char line[2 * METRIC_TEXT_MAX];

    (void)state;
    for (unsigned i = 0; i < 3 * COUNT_OF(kinds); i++) {
        uint64_t overflow = 0;

        begin(METRICS_MEMORY_MIN, true);
        for (unsigned n = 0; overflow < 1000; n++) {
            size_t name = (size_t)sprintf(line, "%x", n), len = i % 3 ? 900 : 0;

            memset(line + name, ' ', len);
            len += name;
            len += (size_t)sprintf(line + len, ":1|%s|#", kinds[i / 3]);
            for (unsigned k = 0; i % 3 == 2 && k < METRIC_TAGS_MAX; k++)
                len += (size_t)sprintf(line + len, "%c,", "abcdefghijklmnopqrstuvwxyzABCDEF"[k]);
            take(line, &overflow);
        }
        check_all(16383, line);
    }
}

/* Room is reserved for the worst, but not for much more: this much for each byte of SOCKPUSH_LISTEN_MEMORY. */
static void the_bound_is_near(void **state)
{
    static const unsigned most[] = {3, 7, 6, 7};

    (void)state;
    begin(SIZE, false);
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        uint64_t max = check(formats[i], 16383, "empty");

        assert_in_range(max, SIZE, most[i] * (uint64_t)SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_full_table_is_within_what_was_predicted),
        cmocka_unit_test(the_densest_tables_are_predicted),
        cmocka_unit_test(the_bound_is_near),
    };

    return cmocka_run_group_tests_name("relayed_max", tests, NULL, NULL);
}
