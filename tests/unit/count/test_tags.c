#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "count/tags.h"
#include "unit/helper.h"

/* Returns the tags in the list's order: "a=1;b;c=3". */
static const char *joined(const struct tags *t)
{
    static char out[4096];
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < t->n; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s%s%s", i ? ";" : "", t->tag[i].key,
                               t->tag[i].value ? "=" : "", t->tag[i].value ? t->tag[i].value : "");
    return out;
}

struct row {
    const char *text, *tags; /* tags is NULL: an error */
    const char *warning;     /* NULL: no warning */
};

static void check(enum tag_syntax syntax, const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena a = {0};
        struct tags tags;
        struct logged logged;
        int ret;

        logged_init(&logged);
        ret = tags_parse(row[i].text, syntax, "TAGS", &a, &logged.diag, &tags);
        assert_row(ret == (row[i].tags ? 0 : -EINVAL), row[i].text);
        assert_row((logged.diag.errors > 0) == !row[i].tags, row[i].text);
        assert_row(logged_count(&logged, LOG_ERROR) == logged.diag.errors, row[i].text);
        if (row[i].tags)
            assert_string_equal(joined(&tags), row[i].tags);
        assert_row(logged_count(&logged, LOG_WARN) == (row[i].warning != NULL), row[i].text);
        if (row[i].warning)
            assert_row(logged_has(&logged, LOG_WARN, "TAGS", row[i].warning), row[i].text);
        arena_free(&a);
    }
}

static void a_list_with_equals_signs(void **state)
{
    static const struct row row[] = {
        {"", "", NULL},
        {"a=1", "a=1", NULL},
        {"a=1,b=2", "a=1;b=2", NULL},
        {" a = 1 ,\tb\t=\t2 ", "a=1;b=2", NULL},
        {"a=1,,b=2,", "a=1;b=2", NULL},
        {"a=b=c", "a=b=c", NULL},
        {"a=b:c", "a=b:c", NULL},
        {"a:b", "a:b", "'=' separates"},
        {"a=x y", "a=x y", NULL},
        {"bare,a=1", "bare;a=1", NULL},
        {"\xc3\xa9=\xff", "\xc3\xa9=\xff", NULL},
        {"a=1,a=2", "a=2", "a"},
        {"a=1,b=2,a=3", "a=3;b=2", "a"},
        {"a,a=1", "a=1", "a"},
        {"a=,b=2", "b=2", "a"},
        {"=1", NULL, NULL},
        {"a=1, =2", NULL, NULL},
    };

    (void)state;
    check(TAGS_EQUALS, row, COUNT_OF(row));
}

static void datadogs_list_with_colons(void **state)
{
    static const struct row row[] = {
        {"", "", NULL},
        {"a:1,b:2", "a=1;b=2", NULL},
        {"a:1 b:2", "a=1;b=2", NULL},
        {" a:1  b:2\tc:3\nd:4 ", "a=1;b=2;c=3;d=4", NULL},
        {"a:1, b:2", "a=1;b=2", NULL},
        {"a:x y,b:2", "a=x y;b=2", NULL}, /* commas separate; without commas, white space does */
        {"url:http://h:80", "url=http://h:80", NULL},
        {"a=1", "a=1", NULL}, /* a key without a value is sent as it is */
        {"bare,b:2", "bare;b=2", NULL},
        {"a:1 a:2", "a=2", "a"},
        {"a: b:2", "b=2", "a"},
        {":1", NULL, NULL},
    };

    (void)state;
    check(TAGS_COLONS, row, COUNT_OF(row));
}

static void the_keys_that_sockpush_sets_are_refused(void **state)
{
    static const struct row row[] = {
        {"addr_port=1", NULL, NULL},
        {"ip_version=4", NULL, NULL},
        {"pid=1", NULL, NULL},
        {"a=1,pid", NULL, NULL},
        {"remote=1", NULL, NULL},
        {"addr_port2=1,PID=2,host=3,backend=4,output=5,remote_=6",
         "addr_port2=1;PID=2;host=3;backend=4;output=5;remote_=6", NULL},
    };

    (void)state;
    check(TAGS_EQUALS, row, COUNT_OF(row));
}

static void long_keys_and_values_are_refused(void **state)
{
    static char text[TAG_KEY_MAX + TAG_VALUE_MAX + 10];

    (void)state;
    for (size_t more = 0; more < 4; more++) {
        size_t key = TAG_KEY_MAX + (more & 1), value = TAG_VALUE_MAX + (more >> 1);
        struct arena a = {0};
        struct tags tags;
        struct logged logged;

        memset(text, 'x', sizeof text);
        text[key] = '=';
        text[key + 1 + value] = '\0';
        logged_init(&logged);
        assert_int_equal(tags_parse(text, TAGS_EQUALS, "TAGS", &a, &logged.diag, &tags), more ? -EINVAL : 0);
        assert_int_equal(logged.diag.errors, more ? 1 : 0);
        arena_free(&a);
    }
}

static void a_series_has_at_most_64_tags_of_one_list(void **state)
{
    (void)state;
    for (int n = TAGS_MAX; n <= TAGS_MAX + 1; n++) {
        struct arena a = {0};
        struct tags tags = {0};
        struct logged logged;
        int ret = 0;

        logged_init(&logged);
        for (int i = 0; i < n; i++) {
            char key[16];
            int len = snprintf(key, sizeof key, "k%d", i);

            ret = tags_add(&tags, arena_text(&a, key, (size_t)len), "v", "TAGS", &a, &logged.diag);
        }
        assert_int_equal(ret, n > TAGS_MAX ? -EINVAL : 0);
        assert_int_equal(tags.n, TAGS_MAX);
        arena_free(&a);
    }
}

static void another_programs_bad_list_only_warns(void **state)
{
    struct arena a = {0};
    struct tags tags;
    struct logged logged;

    (void)state;
    logged_init(&logged);
    logged.diag.foreign = true;
    assert_int_equal(tags_parse("pid=1", TAGS_EQUALS, "DD_TAGS", &a, &logged.diag, &tags), -EINVAL);
    assert_int_equal(logged.diag.errors, 0);
    assert_int_equal(logged_count(&logged, LOG_WARN), 1);
    arena_free(&a);
}

static void the_first_list_that_has_a_key_decides_and_keys_are_sorted(void **state)
{
    struct arena a = {0};
    struct tag first[] = {{"m", "1"}, {"a", NULL}}, second[] = {{"m", "2"}, {"Z", "2"}, {"a_", "2"}},
               third[] = {{"a", "3"}, {"Z", "3"}, {"zz", "3"}};
    const struct tags lists[] = {{first, 2}, {NULL, 0}, {second, 3}, {third, 3}};
    struct tags merged = tags_merge(lists, COUNT_OF(lists), &a), none;

    (void)state;
    assert_string_equal(joined(&merged), "Z=2;a;a_=2;m=1;zz=3");
    assert_string_equal(tags_find(&merged, "m")->value, "1");
    assert_null(tags_find(&merged, "a")->value);
    assert_null(tags_find(&merged, "z"));
    assert_null(tags_find(&merged, ""));
    none = tags_merge(lists, 0, &a);
    assert_int_equal(none.n, 0);
    assert_null(tags_find(&none, "a"));
    arena_free(&a);
}

static void many_tags_are_sorted_and_each_is_found(void **state)
{
    struct arena a = {0};

    (void)state;
    any_seed(3);
    for (int turn = 0; turn < 200; turn++) {
        struct tag tag[2][TAGS_MAX];
        struct tags lists[2] = {{tag[0], any(TAGS_MAX + 1)}, {tag[1], any(TAGS_MAX + 1)}}, merged;

        for (int l = 0; l < 2; l++)
            for (size_t i = 0; i < lists[l].n; i++) {
                char key[16];
                int len = snprintf(key, sizeof key, "%c%u", 'a' + l, any(1000));

                tag[l][i] = (struct tag){arena_text(&a, key, (size_t)len), NULL};
            }
        merged = tags_merge(lists, 2, &a);
        for (size_t i = 1; i < merged.n; i++)
            assert_true(strcmp(merged.tag[i - 1].key, merged.tag[i].key) < 0);
        for (int l = 0; l < 2; l++)
            for (size_t i = 0; i < lists[l].n; i++)
                assert_string_equal(tags_find(&merged, tag[l][i].key)->key, tag[l][i].key);
    }
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_with_equals_signs),
        cmocka_unit_test(datadogs_list_with_colons),
        cmocka_unit_test(the_keys_that_sockpush_sets_are_refused),
        cmocka_unit_test(long_keys_and_values_are_refused),
        cmocka_unit_test(a_series_has_at_most_64_tags_of_one_list),
        cmocka_unit_test(another_programs_bad_list_only_warns),
        cmocka_unit_test(the_first_list_that_has_a_key_decides_and_keys_are_sorted),
        cmocka_unit_test(many_tags_are_sorted_and_each_is_found),
    };

    return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
