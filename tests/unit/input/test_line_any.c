/* Lines at random. A failure shows the seed of its line. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "unit/helper.h"
#include "unit/input/line_helper.h"

#define LINES (20000 / ONE_IN)

static char line[8192];
static size_t len;

static void put(const char *text)
{
    size_t n = strlen(text);

    memcpy(line + len, text, n + 1);
    len += n;
}

/* Runs test for each seed, from an empty line. */
static void each_seed(bool (*test)(void))
{
    for (unsigned seed = 1; seed <= LINES; seed++) {
        bool good;

        any_seed(seed);
        len = 0;
        good = test();
        if (!good)
            print_error("seed %u: %s\n", seed, visible(line, len));
        assert_true(good);
    }
}

static const char *const type[] = {"c", "g", "ms", "h", "d", "s"};

/* Builds a line, and what it is in words. */
static bool parts_come_back(void)
{
    static char words[4096];
    static const char *const rates[] = {"", "@0.5", "@0.1", "@0.001"};
    unsigned kind = any(COUNT_OF(type)), values = kind == METRIC_SET ? 1 : 1 + any(4), tags = any(5), order = any(6);
    const char *rate = rates[any(COUNT_OF(rates))], *name = line_any_text(30, ":|"), *shown;
    char tag_text[1024] = "", sections[3][1100] = {"", "", ""};
    struct buf w = {.data = words, .cap = sizeof words};
    bool negative = false;

    put("n");
    put(name);
    buf_text(&w, "n");
    buf_text(&w, name);
    for (unsigned i = 0; i < values; i++) {
        const char *value = kind == METRIC_SET ? line_any_text(20, "|") : line_any_number();
        double number = 0;

        put(":");
        put(value);
        buf_char(&w, ' ');
        buf_text(&w, type[kind]);
        buf_char(&w, '=');
        if (kind == METRIC_SET)
            buf_text(&w, value);
        else {
            assert_true(number_read(value, strlen(value), &number));
            buf_double(&w, number);
        }
        if (kind != METRIC_GAUGE && kind != METRIC_SET)
            buf_text(&w, rate);
        negative |= kind == METRIC_GAUGE && *value == '-';
    }
    put("|");
    put(type[kind]);
    for (unsigned i = 0; i < tags; i++) {
        const char *key = line_any_text(10, ":,|"), *value = line_any_text(10, ",|");

        sprintf(tag_text + strlen(tag_text), "%s%s:%s", i ? "," : "", key, value);
        buf_text(&w, " #");
        buf_text(&w, key);
        buf_char(&w, '=');
        buf_text(&w, value);
    }
    if (tags)
        sprintf(sections[order % 3], "|#%s", tag_text);
    if (*rate)
        sprintf(sections[(order + 1) % 3], "|%s", rate);
    sprintf(sections[(order + 2) % 3], "|c:%s", line_any_text(10, "|"));
    for (unsigned i = 0; i < 3; i++)
        put(sections[order < 3 ? i : 2 - i]);
    if (negative)
        buf_text(&w, " signed");
    assert_false(w.full);
    words[w.len] = '\0';
    shown = line_in_words(line, len);
    return !strcmp(shown, words);
}

static void lines_of_parts_come_back(void **state)
{
    (void)state;
    each_seed(parts_come_back);
}

/* Compares values in one list (a:1:2|c|@0.5), each with its type (a:1|c|@0.5:2|c|@0.5), and in lines of their own. */
static bool packed_is_split(void)
{
    unsigned kind = any(METRIC_SET), n = 1 + any(6);
    const char *value[6], *rate = any(2) ? "|@0.25" : "";
    static char all[2][4096];
    char one[2048];
    size_t at;

    for (unsigned i = 0; i < n; i++)
        value[i] = line_any_number();
    for (int way = 0; way < 2; way++) {
        len = 0;
        put("a");
        for (unsigned i = 0; i < n; i++) {
            put(":");
            put(value[i]);
            if (way || i == n - 1) {
                put("|");
                put(type[kind]);
                put(rate);
            }
        }
        strcpy(all[way], line_in_words(line, len));
    }
    at = (size_t)sprintf(one, "a");
    for (unsigned i = 0; i < n; i++) {
        const char *words;

        len = 0;
        put("a:");
        put(value[i]);
        put("|");
        put(type[kind]);
        put(rate);
        words = line_in_words(line, len);
        at += (size_t)sprintf(one + at, "%.*s", (int)strcspn(words + 2, " ") + 1, words + 1);
    }
    if (strstr(all[0], " signed"))
        strcat(one, " signed");
    return !strcmp(all[0], one) && !strcmp(all[1], one);
}

static void packed_values_are_those_of_single_lines(void **state)
{
    (void)state;
    each_seed(packed_is_split);
}

static bool inside(struct span s, const char *text)
{
    return !s.at || (s.at >= text && s.at + s.len <= text + len);
}

/* Returns whether the line is refused, or has values that are finite. */
static bool is_sound(void)
{
    const char *copy = flush_copy(line, len);
    struct line_value v;
    struct line l;
    unsigned n = 0;

    if (line_parse(copy, len, &l))
        return true;
    for (; line_next(&l, &v); n++)
        if (number_bits(v.number) << 1 >= UINT64_C(0x7ff) << 53 || !v.text.len || v.rate < 1e-6 || v.rate > 1)
            return false;
    return l.name.len && inside(l.name, copy) && inside(l.tags, copy) && inside(l.sections, copy) &&
           (n || l.kind >= METRIC_EVENT);
}

/* Parses bytes that the grammar knows, and a few others. */
static bool noise_is_sound(void)
{
    static const char bytes[] = "::::||||##@@,,TTccggmsshd_e{}0123456789..--++ee_sc aZ\xc3\xbc\xff";

    for (uint32_t n = any(40); n; n--)
        line[len++] = any(50) ? bytes[any(sizeof bytes - 1)] : (char)any(256);
    return is_sound();
}

/* Parses a good line that is cut, and of which some bytes are changed. */
static bool damage_is_sound(void)
{
    static const char *const good[] = {
        "app.requests:1:2:3|c|@0.5|#env:prod,host:a|T1700000000|c:x",
        "a:1|c|@0.5:-2.5e3|g:3|ms|@0.1:x:y|s",
        "_e{5,4}:title|text|d:1|#k:v",
        "_sc|name|0|#k:v|m:text",
    };

    put(good[any(COUNT_OF(good))]);
    len -= any((uint32_t)len);
    for (uint32_t n = any(4); n; n--)
        line[any((uint32_t)len)] = any(2) ? (char)any(256) : ":|#@,0-"[any(7)];
    return is_sound();
}

static void noise_is_refused_or_gives_finite_values(void **state)
{
    (void)state;
    each_seed(noise_is_sound);
    each_seed(damage_is_sound);
}

static void the_longest_lines_are_taken(void **state)
{
    struct line_value v;
    struct line l;
    unsigned n = 0;

    (void)state;
    len = 0;
    put("a");
    while (len < sizeof line - 10)
        put(":7");
    put("|c");
    assert_int_equal(line_parse(flush_copy(line, len), len, &l), LINE_GOOD);
    while (line_next(&l, &v))
        n++;
    assert_int_equal(n, (len - 3) / 2);
    memset(line, ':', sizeof line);
    assert_true(line_parse(flush_copy(line, sizeof line), sizeof line, &l));
    line[0] = 'a';
    memcpy(line + sizeof line - 2, "|c", 2);
    assert_int_equal(line_parse(flush_copy(line, sizeof line), sizeof line, &l), LINE_NO_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_parts_come_back),
        cmocka_unit_test(packed_values_are_those_of_single_lines),
        cmocka_unit_test(noise_is_refused_or_gives_finite_values),
        cmocka_unit_test(the_longest_lines_are_taken),
    };

    return cmocka_run_group_tests_name("line_any", tests, NULL, NULL);
}
