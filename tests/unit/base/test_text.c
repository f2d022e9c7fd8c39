/* Tests of buf, format, text, sort and diag. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/format.h"
#include "base/sort.h"
#include "base/text.h"
#include "unit/helper.h"

static void a_piece_that_does_not_fit_is_left_out_and_remembered(void **state)
{
    char bytes[8] = "";
    struct buf b = {.data = bytes, .cap = 5};

    (void)state;
    buf_text(&b, "abc");
    buf_text(&b, "def");
    assert_true(b.full);
    buf_text(&b, "g"); /* would fit, but not after a gap */
    assert_int_equal(b.len, 3);
    assert_string_equal(bytes, "abc");
    buf_cut(&b, 1);
    assert_false(b.full);
    buf_text(&b, "bcde");
    assert_false(b.full);
    assert_memory_equal(bytes, "abcde", 5);
    buf_char(&b, 'f');
    assert_true(b.full);
    assert_int_equal(bytes[5], '\0');
}

static void numbers_are_decimal(void **state)
{
    static const uint64_t value[] = {0, 9, 10, 4294967296, UINT64_MAX};
    static const char expected[] = "0 9 10 4294967296 18446744073709551615 ";
    char bytes[64];
    struct buf b = {.data = bytes, .cap = sizeof bytes};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(value); i++) {
        buf_u64(&b, value[i]);
        buf_char(&b, ' ');
    }
    assert_int_equal(b.len, sizeof expected - 1);
    assert_memory_equal(bytes, expected, b.len);
}

static void a_buffer_without_memory_measures(void **state)
{
    struct buf b = {.cap = SIZE_MAX};

    (void)state;
    buf_text(&b, "abc");
    buf_u64(&b, 1234);
    assert_int_equal(b.len, 7);
    assert_false(b.full);
}

/* Checks that the result equals the C library's, at every capacity. */
#define CHECK(...)                                                                    \
    do {                                                                              \
        char expected[256];                                                           \
        int len = snprintf(expected, sizeof expected, __VA_ARGS__);                   \
        for (size_t cap = 1; cap <= (size_t)len + 2; cap++) {                         \
            char *out = malloc(cap);                                                  \
            bool whole = text_format(out, cap, __VA_ARGS__);                          \
            assert_int_equal(whole, (size_t)len < cap);                               \
            assert_int_equal(strlen(out), (size_t)len < cap ? (size_t)len : cap - 1); \
            assert_memory_equal(out, expected, strlen(out));                          \
            free(out);                                                                \
        }                                                                             \
    } while (0)

static void formats_are_the_c_librarys(void **state)
{
    char open[3] = {'x', 'y', 'z'};

    (void)state;
    CHECK("plain");
    CHECK("%s", "text");
    CHECK("a%sb%sc", "", "two");
    CHECK("%d %d %d", 0, -1, 2147483647);
    CHECK("%d", -2147483647 - 1);
    CHECK("%u", 4294967295u);
    CHECK("%lld %lld", -9223372036854775807ll - 1, 9223372036854775807ll);
    CHECK("%llu", 18446744073709551615ull);
    CHECK("%zu", SIZE_MAX);
    CHECK("100%% of %d%%", 5);
    CHECK("%.3s|%.0s|%.20s", "abcdef", "gone", "short");
    CHECK("%.*s, then %s and %u", 2, "abc", "next", 7u);
    CHECK("%.*s%.*s", 1, "ab", 2, "cde");
    CHECK("%.*s", 3, open); /* no NUL follows */
    CHECK("%-6s|%-2s|%-20s|", "ab", "abc", "SOCKPUSH_TO");
}

static void a_text_of_the_arena_is_as_long_as_it_needs(void **state)
{
    struct arena a = {0};
    char *long_text = arena_zero(&a, 5001, 1);

    (void)state;
    memset(long_text, 'x', 5000);
    assert_int_equal(strlen(arena_format(&a, "<%s>", long_text)), 5002);
    assert_string_equal(arena_format(&a, "%s", ""), "");
    arena_free(&a);
}

static void errors_of_foreign_variables_are_warnings(void **state)
{
    struct logged logged;

    (void)state;
    logged_init(&logged);
    diag_error(&logged.diag, "A", "bad %d", 1);
    diag_warn(&logged.diag, NULL, "odd");
    assert_int_equal(logged.diag.errors, 1);
    logged.diag.foreign = true;
    diag_error(&logged.diag, "B", "bad");
    assert_int_equal(logged.diag.errors, 1);
    assert_true(logged_has(&logged, LOG_ERROR, "A", "bad 1"));
    assert_true(logged_has(&logged, LOG_WARN, "", "odd"));
    assert_true(logged_has(&logged, LOG_WARN, "B", "bad"));
}

static void a_long_message_is_cut(void **state)
{
    struct arena a = {0};
    char *value = arena_zero(&a, 100001, 1);
    struct logged logged;

    (void)state;
    memset(value, 'v', 100000);
    logged_init(&logged);
    diag_error(&logged.diag, "A", "%s", value);
    assert_in_range(strlen(logged.line[0].message), 100, 511);
    arena_free(&a);
}

static void white_space_is_cut_at_both_ends(void **state)
{
    static const char *const row[][2] = {{"", ""},     {" \t\r\n\v\f", ""}, {" a b ", "a b"},
                                         {"ab", "ab"}, {"\na", "a"},        {"a\n", "a"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        size_t len = strlen(row[i][0]);
        const char *at = flush_copy(row[i][0], len);

        text_trim(&at, &len);
        assert_int_equal(len, strlen(row[i][1]));
        assert_memory_equal(at, row[i][1], len);
    }
    assert_int_equal(text_until("ab,c", ",;"), 2);
    assert_int_equal(text_until("abc", ",;"), 3);
    assert_int_equal(text_until("", ",;"), 0);
    assert_false(text_is_blank('\0') || text_is_blank('\xa0') || text_is_blank('a'));
}

struct element {
    unsigned char key, more[6];
};

static int by_key(const void *a, const void *b)
{
    return ((const struct element *)a)->key - ((const struct element *)b)->key;
}

static void any_list_is_sorted_and_nothing_is_lost(void **state)
{
    (void)state;
    any_seed(13);
    for (int turn = 0; turn < 500; turn++) {
        size_t n = any(turn % 2 ? 5 : 300);
        struct element *list = malloc(n * sizeof *list + 1);
        unsigned count[256] = {0};

        for (size_t i = 0; i < n; i++) {
            memset(&list[i], (int)any(turn % 3 ? 256 : 3), sizeof *list);
            count[list[i].key]++;
        }
        sort(list, n, sizeof *list, by_key);
        for (size_t i = 0; i < n; i++) {
            assert_true(!i || list[i - 1].key <= list[i].key);
            assert_int_equal(list[i].more[5], list[i].key);
            count[list[i].key]--;
        }
        for (size_t k = 0; k < COUNT_OF(count); k++)
            assert_int_equal(count[k], 0);
        free(list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_that_does_not_fit_is_left_out_and_remembered),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(a_buffer_without_memory_measures),
        cmocka_unit_test(formats_are_the_c_librarys),
        cmocka_unit_test(a_text_of_the_arena_is_as_long_as_it_needs),
        cmocka_unit_test(white_space_is_cut_at_both_ends),
        cmocka_unit_test(any_list_is_sorted_and_nothing_is_lost),
        cmocka_unit_test(errors_of_foreign_variables_are_warnings),
        cmocka_unit_test(a_long_message_is_cut),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
