/* The short way for lines whose like came before: it must not be seen. */
#include <stdio.h>
#include <string.h>

#include "input/intake.h"
#include "unit/helper.h"
#include "unit/input/line_helper.h"
#include "unit/input/same_metrics.h"

#define SIZE        (1u << 18)
#define RECENT_SIZE (1u << 15)

/* The first table has the short way. */
static _Alignas(8) char memory[2][SIZE], recent_memory[RECENT_SIZE];
static struct metrics m[2];
static struct intake in[2];
static struct intake_counters counters[2];
static uint64_t now_ms, hits;

static void begin_with(const struct metrics_settings *settings, uint32_t size, uint32_t recent_size)
{
    memset(memory, 0, sizeof memory);
    memset(recent_memory, 0, sizeof recent_memory);
    for (int i = 0; i < 2; i++) {
        metrics_init(&m[i], settings, memory[i], size);
        in[i] = (struct intake){.metrics = &m[i]};
        counters[i] = (struct intake_counters){0};
    }
    recent_init(&m[0].recent, recent_memory, recent_size);
    now_ms = 1000;
    hits = 0;
}

static int begin(void **state)
{
    (void)state;
    begin_with(&(struct metrics_settings){.key = {1, 2}, .deltas = true}, SIZE, RECENT_SIZE);
    return 0;
}

/* Returns whether the datagram's first line has the short way. */
static bool is_known(const char *bytes, size_t len)
{
    struct recent_line line;

    return recent_cut(&m[0].recent, (struct span){bytes, len}, &line) && line.like;
}

static void take_bytes(const char *bytes, size_t len, bool cut)
{
    char *copy = flush_copy(bytes, len);

    hits += is_known(copy, len);
    for (int i = 0; i < 2; i++)
        intake_take(&in[i], &counters[i], copy, len, cut);
}

static void take(const char *text)
{
    take_bytes(text, strlen(text), false);
}

static void flush(void)
{
    now_ms += 10000;
    for (int i = 0; i < 2; i++)
        metrics_flush(&m[i], now_ms, (int64_t)now_ms);
}

static bool same(void)
{
    return same_metrics(&m[0], &m[1]) && !memcmp(&counters[0], &counters[1], sizeof counters[0]) &&
           !memcmp(in[0].refused, in[1].refused, sizeof in[0].refused);
}

/* Whether the second line has the short way after the first one. */
static void what_is_alike(void **state)
{
    static const struct {
        const char *first, *second;
        bool alike;
    } row[] = {
        {"a:1|c", "a:1|c", true},
        {"a:1|c", "a:-2.5e3|c\n", true},
        {"a:1|c\nb:1|c", "a:1234567890123|c", true},
        {"a:1:2:3|c", "a:1|c", true},
        {"a:1|c|@0.5|#b:1,a,c:d:e|c:id|x", "a:2|c|@0.5|#b:1,a,c:d:e|c:id|x", true},
        {"a:1|c\r\n", "a:1|c\r\n", true},
        {"\n\na:1|c", "\n\na:1|c", true},
        {"a:x|s", "a:x:y|s", true},
        {"exactly8:1|ms|#abcd", "exactly8:1|ms|#abcd\nb:1|c", true},
        {"a:1|c", "a:1|g", false},
        {"a:1|c", "b:1|c", false},
        {"a:1|c", "a:1|c|#", false},
        {"a:1|c|#a,b", "a:1|c|#b,a", false},
        {"a:1|c", "a:|c", false},
        {"a:x|s", "a:\1|s", false},
        {"a:x|s", "a:\x7f|s", false},
        {"a:x|s", "a:x\n|s", false},
        {"a:1|c\r\n", "a:1|c\n", false},
        {"a:1|c|T1", "a:1|c|T1", false},
        {"a:1|c:2|c", "a:1|c:2|c", false},
        {"a:1|c|@0.5:2|c", "a:1|c|@0.5:2|c", false},
        {"a:1|x", "a:1|x", false},
        {"_e{1,1}:a|b", "_e{1,1}:a|b", false},
        {"_sc|a|0", "_sc|a|0", false},
        {"_sc|a|0\nb:1|c", "_sc|a|0\nb:1|c", false},
        {"a", "a", false},
        {"a:1", "a:1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        begin(NULL);
        take(row[i].first);
        assert_row(!hits, row[i].first);
        take(row[i].second);
        assert_row(hits == row[i].alike, row[i].second);
        flush();
        assert_row(same(), row[i].second);
    }
}

static void zeros_are_no_padding(void **state)
{
    (void)state;
    take("a:1|c");
    take_bytes("a\0:1|c", 6, false);
    take_bytes("a:1|c\0", 6, false);
    take_bytes("a\0", 2, false);
    take_bytes("", 0, false);
    assert_int_equal(hits, 0);
    flush();
    assert_true(same());
}

static void a_number_that_is_wrong_is_refused(void **state)
{
    (void)state;
    take("a:1|c");
    take("a:2x|c\na:1e999|c\na:-|c\na:1:2|c\na:1::|c\na:.|c\na:1.5|c");
    assert_int_equal(hits, 1);
    assert_int_equal(counters[0].refused_lines, 4);
    flush();
    assert_true(same());
}

static void long_parts_have_the_long_way(void **state)
{
    char text[600];

    (void)state;
    for (int len = 254; len < 259; len++) {
        begin(NULL);
        sprintf(text, "%0*d:1|c|#%0*d", len, 1, len - 3, 2);
        take(text);
        take(text);
        assert_int_equal(hits, len <= 256);
        strcat(text, "\n");
        take(text);
        assert_int_equal(hits, len <= 256 ? 2 : 0);
        flush();
        assert_true(same());
    }
}

static void what_a_flush_moves_is_forgotten(void **state)
{
    (void)state;
    begin_with(&(struct metrics_settings){.key = {1, 2}, .expiry_ms = 20000}, SIZE, RECENT_SIZE);
    take("a:1|c\nb:1|c");
    for (int i = 0; i < 5; i++) {
        assert_true(is_known("b:1|c", 5));
        take("b:1|c");
        flush();
        assert_true(same());
        if (i >= 3)
            take("b:1|c");
    }
    assert_int_equal(m[0].n, 1);
    assert_false(is_known("a:1|c", 5));
}

/* One that has a range for negative values is a copy, elsewhere. */
static void what_is_replaced_is_forgotten(void **state)
{
    (void)state;
    take("a:1|ms\nb:1|ms");
    assert_true(is_known("b:1|ms", 6));
    take("a:-1:2:-3|ms");
    assert_false(is_known("b:1|ms", 6));
    assert_true(is_known("a:1|ms", 6)); /* by the value after the one that replaced it */
    take("a:5|ms\nb:1|ms\na:-6|ms");
    assert_true(is_known("b:1|ms", 6));
    flush();
    assert_true(same());
}

/* Then the lines that came first keep the short way until the next flush, which forgets all. */
static void a_full_memory_keeps_no_more(void **state)
{
    char text[50];

    (void)state;
    begin_with(&(struct metrics_settings){.key = {1, 2}}, SIZE, 8192);
    for (int i = 0; i < 1000; i++) {
        sprintf(text, "name%d:1|c", i);
        take(text);
        take(text);
    }
    assert_true(hits > 100 && hits < 300 && m[0].recent.full);
    flush();
    assert_true(same() && !m[0].recent.full);
    take(text);
    assert_true(is_known(text, strlen(text)));
}

/* All bits of the hash that count are the same, and the length is. */
static void a_collision_is_not_alike(void **state)
{
    static const struct metrics_settings settings = {.key = {1, 2}};
    static uint16_t seen[1 << 20];
    char text[2][50];
    unsigned pairs = 0;

    (void)state;
    begin_with(&settings, METRICS_MEMORY_MIN, 8192);
    for (unsigned i = 1; i < 20000; i++) {
        struct recent_line line;
        uint16_t *name;

        sprintf(text[0], "name%05u:1|c", i);
        assert_true(recent_cut(&m[0].recent, (struct span){text[0], strlen(text[0])}, &line));
        name = &seen[(uint32_t)line.hash >> 20 << 8 | (line.hash & (m[0].recent.places - 1))];
        if (*name) {
            sprintf(text[1], "name%05u:1|c", *name);
            begin_with(&settings, METRICS_MEMORY_MIN, 8192);
            take(text[0]);
            take(text[1]);
            assert_row(!hits, text[1]);
            flush();
            assert_true(same());
            pairs++;
        }
        *name = (uint16_t)i;
    }
    assert_int_equal(m[0].recent.places, 256);
    assert_true(pairs);
}

/* --- any lines ------------------------------------------------------------------------------ */

/* Those at the beginning are more often. */
#define ANY_OF(list) list[any(1 + any(COUNT_OF(list)))]

static bool negative; /* timings may be, which forgets all lines each time */

static const char *any_value(void)
{
    static const char *const some[] = {"1",    "0",   "-3", "+2",  "007", "1234567890", "123456789",
                                       "4.25", "1e3", "-0", "1:2", "1:",  "x",          "1e400",
                                       "-",    ".5",  "",   "1.",  "::",  "\1"};

    const char *value = any(2) ? line_any_number() : ANY_OF(some);

    return *value == '-' && !negative ? "1" : value;
}

/* Appends a line, with its end. */
static void any_line(struct buf *b)
{
    static const char *const names[] = {"a", "b.c", "exactly8", "name of sixteen.", "d", "", "e\303\251", "_e{1,1}"};
    static const char *const types[] = {"c", "g", "ms", "h", "d", "s", "c", "ms", "x", ""};
    static const char *const tails[] = {
        "",     "",       "|#k:v,l", "|#l,k:v", "|@0.3", "|@0.1|#k:v", "|#",      "|T1700000000",
        "|c:x", "|@0.3:", "|#a:,:b", "|@7",     "|@",    ":1|c",       "|#k:v,k", "|"};
    static const char *const ends[] = {"\n", "\n", "\n", "\n", "\r\n", "\n\n", "\r\r\n", ""};

    buf_text(b, ANY_OF(names));
    if (!any(4))
        buf_u64(b, any(40));
    if (any(30))
        buf_char(b, ':');
    buf_text(b, any_value());
    if (any(30))
        buf_char(b, '|');
    buf_text(b, ANY_OF(types));
    buf_text(b, ANY_OF(tails));
    buf_text(b, ANY_OF(ends));
}

static void any_datagram(void)
{
    char bytes[2000];
    struct buf b = {.data = bytes, .cap = sizeof bytes};

    for (uint32_t n = any(8); n && b.len < 1500; n--)
        any_line(&b);
    if (b.len && !any(10))
        bytes[any((uint32_t)b.len)] = (char)any(256);
    if (b.len && !any(4))
        b.len -= any(3) % b.len;
    take_bytes(bytes, b.len, !any(20));
}

static void any_lines_have_the_same_values(void **state)
{
    uint64_t all_hits = 0, all_lines = 0;

    (void)state;
    for (unsigned seed = 1; seed <= 600 / ONE_IN; seed++) {
        struct metrics_settings settings = {.key = {seed, 2}, .deltas = seed & 1, .totals = seed & 2};
        char row[20];

        sprintf(row, "seed %u", seed);
        any_seed(seed);
        negative = seed % 4 == 0;
        settings.expiry_ms = any(3) * 20000;
        begin_with(&settings, any(2) ? METRICS_MEMORY_MIN : SIZE, any(2) ? 8192 : RECENT_SIZE);
        for (uint32_t flushes = 1 + any(12); flushes; flushes--) {
            for (uint32_t datagrams = any(80); datagrams; datagrams--)
                any_datagram();
            flush();
            assert_row(same(), row);
        }
        all_hits += hits;
        all_lines += counters[0].lines;
    }
    assert_true(all_hits > 10000 / ONE_IN && all_lines > 100000 / ONE_IN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_alike),
        cmocka_unit_test_setup(zeros_are_no_padding, begin),
        cmocka_unit_test_setup(a_number_that_is_wrong_is_refused, begin),
        cmocka_unit_test(long_parts_have_the_long_way),
        cmocka_unit_test(what_a_flush_moves_is_forgotten),
        cmocka_unit_test_setup(what_is_replaced_is_forgotten, begin),
        cmocka_unit_test(a_full_memory_keeps_no_more),
        cmocka_unit_test(a_collision_is_not_alike),
        cmocka_unit_test(any_lines_have_the_same_values),
    };

    return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
