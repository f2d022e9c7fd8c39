#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "count/rules.h"
#include "unit/helper.h"

/* Returns the rules and tags of each group: "80|443{service=http} *:53{a=1;b=2}". */
static const char *joined(const struct rules *r)
{
    static char out[4096];
    size_t at = 0;

    out[0] = '\0';
    for (int g = 0; g < r->n_groups; g++) {
        const char *between = g ? " " : "";

        for (int i = 0; i < r->n; i++)
            if (r->rule[i].group == g) {
                at += (size_t)snprintf(out + at, sizeof out - at, "%s%s", between, r->rule[i].text);
                between = "|";
            }
        for (size_t i = 0; i < r->group_tags[g].n; i++)
            at += (size_t)snprintf(out + at, sizeof out - at, "%s%s=%s%s", i ? ";" : "{", r->group_tags[g].tag[i].key,
                                   r->group_tags[g].tag[i].value, i + 1 == r->group_tags[g].n ? "}" : "");
    }
    return out;
}

struct row {
    const char *text, *rules; /* rules is NULL: an error */
    const char *logged;       /* part of the warning or error; NULL: nothing is logged */
};

static void check(const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena a = {0};
        struct rules r;
        struct logged logged;
        int ret;

        logged_init(&logged);
        ret = rules_parse(row[i].text, false, "RULES", &a, &logged.diag, &r);
        if ((ret == 0) != (row[i].rules != NULL))
            logged_print(&logged);
        assert_row(ret == (row[i].rules ? 0 : -EINVAL), row[i].text);
        assert_row((logged.diag.errors > 0) == !row[i].rules, row[i].text);
        if (row[i].rules)
            assert_string_equal(joined(&r), row[i].rules);
        else
            assert_int_equal(r.n, 0);
        assert_row((logged.n > 0) == (row[i].logged != NULL), row[i].text);
        if (row[i].logged && !logged_has(&logged, row[i].rules ? LOG_WARN : LOG_ERROR, "RULES", row[i].logged)) {
            logged_print(&logged);
            assert_row(false, row[i].text);
        }
        arena_free(&a);
    }
}

static void strings_are_one_group_and_objects_are_groups_with_tags(void **state)
{
    static const struct row row[] = {
        {"[\"80\",\"443\"]", "80|443", NULL},
        {" [ \"80\" , \"8000-8100\" , \"*:53\", \"[::1]:9\", \"listen\" ] ", "80|8000-8100|*:53|[::1]:9|listen", NULL},
        {"[\"80\",443]", "80|443", NULL},
        {"[{\"ports\":[\"80\",\"443\"],\"tags\":{\"service\":\"http\"}}]", "80|443{service=http}", NULL},
        {"[{\"ports\":[80,443]}]", "80|443", NULL},
        {"[{\"ports\":[\">443\",\">[2001:db8::]/32:444\",80],\"tags\":{\"a\":\"1\"}}]",
         ">443|>[2001:db8::]/32:444|80{a=1}", NULL},
        {"[{\"ports_match\":[\"*:80\",\"*:8000-8100\"],\"tags\":{\"a\":\"1\",\"b\":\"2\"}}]",
         "*:80|*:8000-8100{a=1;b=2}", NULL},
        {"[{\"ports\":[\"80\"],\"tags\":{\"s\":\"a\"}},\n {\"tags\":{\"s\":\"b\"},\"ports\":[\"81\"]}]",
         "80{s=a} 81{s=b}", NULL},
        {"[{\"ports\":[\"listen\"],\"tags\":{}}]", "listen", NULL},
        {"[{\"ports\":[\"80\"],\"tags\":{\"k\":\"a,b=\\u00e9\\n\"}}]", "80{k=a,b=\xc3\xa9\n}", NULL},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

static void what_is_odd_is_warned_about(void **state)
{
    static const struct row row[] = {
        {"[{\"ports\":[\"80\"],\"ports_match\":[\"*:81\"]}]", "*:81", "ignores"},
        {"[{\"ports\":[\"garbage\"],\"ports_match\":[\"*:81\"]}]", "*:81", "ignores"}, /* ignored without being read */
        {"[{\"ports\":[\"80\"]},{\"ports\":[\"80\",\"81\"]}]", "80 81", "80"},
        {"[{\"ports\":[\"80\"],\"tags\":{\"a\":\"\"}}]", "80", "a"},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

static void what_is_wrong_is_refused(void **state)
{
    static const struct row row[] = {
        {"{\"ports\":[\"80\"]}", NULL, "array"},
        {"[{}]", NULL, "has no ports"},
        {"[{\"ports\":[]}]", NULL, "has no ports"},
        {"[{\"ports_match\":[]}]", NULL, "has no ports"},
        {"[{\"tags\":{\"a\":\"1\"}}]", NULL, "has no ports"},
        {"[{\"ports\":[\"80\"]},{}]", NULL, "has no ports"},
        {"[{\"port\":[\"80\"]}]", NULL, "port"},
        {"[{\"ports\":[\"80\"],\"Tags\":{}}]", NULL, "Tags"},
        {"[{\"ports\":[\"80\"],\"ports\":[\"81\"]}]", NULL, "twice"},
        {"[{\"ports\":[\"80\"],\"tags\":{},\"tags\":{}}]", NULL, "twice"},
        {"[{\"ports\":[\"80\"],\"tags\":{\"a\":\"1\",\"a\":\"2\"}}]", NULL, "twice"},
        {"[{\"ports\":\"80\"}]", NULL, "array"},
        {"[{\"ports\":{\"a\":\"80\"}}]", NULL, "array"},
        {"[{\"ports\":[\"80\"],\"tags\":[\"a\"]}]", NULL, "tags"},
        {"[{\"ports\":[\"80\"],\"tags\":{\"a\":1}}]", NULL, "string"},
        {"[{\"ports\":[\"80\"],\"tags\":{\"a\":null}}]", NULL, "string"},
        {"[{\"ports\":[\"80\"],\"tags\":null}]", NULL, "tags"},
        {"[{\"ports\":[\"80\"],\"tags\":{\"pid\":\"1\"}}]", NULL, "pid"},
        {"[{\"ports\":[\"80\"],\"tags\":{\"addr_port\":\"1\"}}]", NULL, "addr_port"},
        {"[{\"ports\":[\"80\"],\"tags\":{\"\":\"1\"}}]", NULL, "key"},
        {"[{\"ports_match\":[\"80\"]}]", NULL, "*:80"},
        {"[{\"ports_match\":[80]}]", NULL, "*:80"},
        {"[{\"ports_match\":[\">443\"]}]", NULL, "*:80"},
        {"[{\"ports_match\":[\"1.1.1.1:80\"]}]", NULL, "*:80"},
        {"[{\"ports_match\":[\"listen\"]}]", NULL, "*:80"},
        {"[\"80\",{\"ports\":[\"81\"]}]", NULL, ""},
        {"[{\"ports\":[\"80\"]},\"81\"]", NULL, ""},
        {"[\"80\",80.5]", NULL, ""},
        {"[\"80\",0]", NULL, ""},
        {"[\"80\",-1]", NULL, ""},
        {"[\"80\",8e1]", NULL, ""},
        {"[\"80\",65536]", NULL, ""},
        {"[\"80\",1e99]", NULL, ""},
        {"[\"80\",4294967377]", NULL, ""},
        {"[\"80\",true]", NULL, ""},
        {"[\"80\",null]", NULL, ""},
        {"[\"80\",[\"81\"]]", NULL, ""},
        {"[\"80\",\"\"]", NULL, "accepted"},
        {"[\" 80\"]", NULL, "accepted"},
        {"[\"::1:80\"]", NULL, "accepted"},
        {"[\"80,81\"]", NULL, "accepted"},
        {"[\"[fe80::1%1]:80\"]", NULL, "zone"},
        {"[\"80\"] x", NULL, "JSON"},
        {"[\"80\"]]", NULL, "JSON"},
        {"[\"80\",]", NULL, "JSON"},
        {"[\"80\" \"81\"]", NULL, "JSON"},
        {"[\"80", NULL, "JSON"},
        {"[{'ports':[80]}]", NULL, "JSON"},
        {"[\"\\ud800\"]", NULL, "JSON"},
        {"[\"\\x\"]", NULL, "JSON"},
    };

    (void)state;
    check(row, COUNT_OF(row));
}

static void every_truncation_is_refused(void **state)
{
    static const char text[] = "[{\"ports\":[\"80\",443],\"ports_match\":[\"*:80\"],\"tags\":{\"a\":\"\\u00e9\"}}]";

    (void)state;
    for (size_t len = 1; len < sizeof text - 1; len++) {
        struct arena a = {0};
        struct rules r;
        struct logged logged;
        char copy[sizeof text];

        memcpy(copy, text, len);
        copy[len] = '\0';
        logged_init(&logged);
        assert_row(rules_parse(flush_copy(copy, len + 1), false, "RULES", &a, &logged.diag, &r) == -EINVAL, copy);
        assert_row(logged.diag.errors == 1, copy);
        arena_free(&a);
    }
}

static void groups_and_rules_are_bounded(void **state)
{
    static char text[40 * (RULES_MAX + 2)];

    (void)state;
    for (int n = RULES_MAX; n <= RULES_MAX + 1; n++) {
        struct arena a = {0};
        struct rules r;
        struct logged logged;
        size_t at = 0;

        for (int i = 0; i < n; i++)
            at += (size_t)sprintf(text + at, "%c{\"ports\":[%d]}", i ? ',' : '[', 1 + i);
        sprintf(text + at, "]");
        logged_init(&logged);
        assert_int_equal(rules_parse(text, false, "RULES", &a, &logged.diag, &r), n > RULES_MAX ? -EINVAL : 0);
        assert_int_equal(r.n, n > RULES_MAX ? 0 : n);
        arena_free(&a);
    }
}

static void deep_nesting_is_refused(void **state)
{
    static char text[200001];
    struct arena a = {0};
    struct rules r;
    struct logged logged;

    (void)state;
    memset(text, '[', sizeof text - 1);
    memcpy(text, "[\"80\",", 6);
    logged_init(&logged);
    assert_int_equal(rules_parse(text, false, "RULES", &a, &logged.diag, &r), -EINVAL);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_one_group_and_objects_are_groups_with_tags),
        cmocka_unit_test(what_is_odd_is_warned_about),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(groups_and_rules_are_bounded),
        cmocka_unit_test(deep_nesting_is_refused),
    };

    return cmocka_run_group_tests_name("rules_json", tests, NULL, NULL);
}
