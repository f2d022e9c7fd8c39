#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "count/rules.h"
#include "unit/helper.h"

static const char *joined(const struct rules *r)
{
    static char out[4096];
    size_t at = 0;

    out[0] = '\0';
    for (int i = 0; i < r->n; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s", i ? " " : "", r->rule[i].text);
    return out;
}

static void each_kind_has_one_canonical_text(void **state)
{
    /* clang-format off */
    static const char *const row[][2] = {
        {"", ""}, {"  ", ""},
        {"80", "80"}, {"0080", "80"}, {" 80 ,\t443\n", "80 443"}, {"80,443,", "80 443"},
        {"1", "1"}, {"65535", "65535"}, {"8000-8100", "8000-8100"}, {"80-80", "80"}, {"1-65535", "1-65535"},
        {"1.1.1.1:8080", "1.1.1.1:8080"}, {"0.0.0.0:80", "0.0.0.0:80"},
        {"[::1]:9000", "[::1]:9000"}, {"[2001:DB8:0:0::1]:80", "[2001:db8::1]:80"}, {"[::]:80", "[::]:80"},
        {"[::ffff:10.0.0.1]:80", "10.0.0.1:80"},
        {"*:53", "*:53"}, {"*:8000-8100", "*:8000-8100"}, {"*:80-80", "*:80"},
        {"listen", "listen"},
        {">443", ">443"}, {">0443", ">443"}, {">8000-8100", ">8000-8100"}, {">80-80", ">80"}, {">1-65535", ">1-65535"},
        {">10.1.2.3:5432", ">10.1.2.3:5432"}, {">10.1.2.3/32:5432", ">10.1.2.3:5432"}, {">10.0.0.0/8:5432", ">10.0.0.0/8:5432"},
        {">0.0.0.0/0:443", ">0.0.0.0/0:443"}, {">[::1]:443", ">[::1]:443"}, {">[::1]/128:443", ">[::1]:443"},
        {">[2001:DB8:0::]/32:443", ">[2001:db8::]/32:443"}, {">[::]/0:443", ">[::]/0:443"}, {">[ff00::]/8:1", ">[ff00::]/8:1"},
        {">[::ffff:10.0.0.0]/104:80", ">10.0.0.0/8:80"}, {">[::ffff:10.0.0.1]:80", ">10.0.0.1:80"},
        {">[::ffff:0.0.0.0]/96:80", ">0.0.0.0/0:80"}, {">443,443,>80,10.0.0.1:80,>10.0.0.1:81", ">443 443 >80 10.0.0.1:80 >10.0.0.1:81"},
        {"80,443,1.1.1.1:8080,[::1]:9000,8000-8079,*:53,listen", "80 443 1.1.1.1:8080 [::1]:9000 8000-8079 *:53 listen"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct arena a = {0};
        struct rules r;

        rules_of(&r, row[i][0], &a);
        assert_string_equal(joined(&r), row[i][1]);
        arena_free(&a);
    }
}

static void a_wrong_rule_is_refused_and_named(void **state)
{
    /* clang-format off */
    static const char *const text[] = {
        "0", "65536", "99999999999", "-1", "80-", "-80", "90-80", "80-65536", "0-80", "80-90-100", "80x", "x", "8 0",
        ":80", "*", "*:", "*:0", "*:80-", "*:x", "*.80", "**:80", "1.1.1.1", "1.1.1.1:", "1.1.1.1:0", "1.1.1.1:80-90",
        "1.1.1:80", "01.1.1.1:80", "[::1]", "[::1]:", "[::1]80", "[::1", "[]:80", "[1.1.1.1]:80", "[::1]:80-90",
        "localhost:80", "Listen", "LISTEN", "listens", "::1:80", "::1", "80;443", "\xff", "tcp:80",
        ">", ">0", ">65536", ">90-80", "> 443", ">>443", ">443>", "443>", ">*:443", ">listen", ">[::1]", ">::1:443", ">10.0.0.1",
        ">10.0.0.0/8", ">10.0.0.0/33:443", ">10.0.0.0/:443", ">10.0.0.0/8:", ">10.0.0.0/-1:443", ">10.0.0.0/8/8:443", ">/8:443",
        ">10.0.0.0/8:80-90", ">[::]/129:443", ">[2001:db8::/32]:443", ">[::]/99999999:443", ">2001:db8::/32:443", ">:443",
        ">[::ffff:10.0.0.0]/95:80", ">10.0.0/8:443", ">[10.0.0.0]/8:443", "10.0.0.0/8:443", "[2001:db8::]/32:443",
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(text); i++) {
        struct arena a = {0};
        struct rules r;
        struct logged logged;
        char list[128];

        logged_init(&logged);
        snprintf(list, sizeof list, "22, %s ,23", text[i]);
        assert_row(rules_parse(list, false, "RULES", &a, &logged.diag, &r) == -EINVAL, text[i]);
        assert_row(logged.diag.errors == 1 && logged_has(&logged, LOG_ERROR, "RULES", text[i]), text[i]);
        assert_row(logged_has(&logged, LOG_ERROR, "RULES", "accepted"), text[i]);
        assert_int_equal(r.n, 0);
        assert_int_equal(r.listen, RULE_NONE);
        arena_free(&a);
    }
}

static void a_zone_id_is_refused_as_such(void **state)
{
    static const char *const text[] = {"[fe80::1%eth0]:80", "[fe80::1%25eth0]:80", ">[fe80::1%eth0]:80",
                                       "fe80::1%eth0:80"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(text); i++) {
        struct arena a = {0};
        struct rules r;
        struct logged logged;

        logged_init(&logged);
        assert_row(rules_parse(text[i], true, "RULES", &a, &logged.diag, &r) == -EINVAL, text[i]);
        assert_row(logged_has(&logged, LOG_ERROR, "RULES", "zone"), text[i]);
        arena_free(&a);
    }
}

static void datakits_bare_ipv6_is_taken_with_a_warning(void **state)
{
    static const char *const row[][2] = {
        {"::1:80", "[::1]:80"},
        {"2001:db8::1:443", "[2001:db8::1]:443"},
        {"::ffff:1.2.3.4:80", "1.2.3.4:80"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct arena a = {0};
        struct rules r;
        struct logged logged;

        logged_init(&logged);
        assert_int_equal(rules_parse(row[i][0], true, "RULES", &a, &logged.diag, &r), 0);
        assert_string_equal(joined(&r), row[i][1]);
        assert_int_equal(logged.n, 1);
        assert_true(logged_has(&logged, LOG_WARN, "RULES", row[i][0]) &&
                    logged_has(&logged, LOG_WARN, "RULES", row[i][1]));
        arena_free(&a);
    }
}

static void bits_after_the_prefix_are_cut_with_a_warning(void **state)
{
    static const char *const row[][2] = {
        {">10.1.2.3/8:443", ">10.0.0.0/8:443"},
        {">10.255.0.0/9:443", ">10.128.0.0/9:443"},
        {">10.0.0.3/31:443", ">10.0.0.2/31:443"},
        {">1.2.3.4/0:443", ">0.0.0.0/0:443"},
        {">[2001:db8::1]/32:443", ">[2001:db8::]/32:443"},
        {">[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]/127:443", ">[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe]/127:443"},
        {">[::1]/0:443", ">[::]/0:443"},
        {">[::ffff:10.0.0.1]/104:443", ">10.0.0.0/8:443"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct arena a = {0};
        struct rules r;
        struct logged logged;

        logged_init(&logged);
        assert_int_equal(rules_parse(row[i][0], false, "RULES", &a, &logged.diag, &r), 0);
        assert_string_equal(joined(&r), row[i][1]);
        assert_int_equal(logged.n, 1);
        assert_true(logged_has(&logged, LOG_WARN, "RULES", row[i][0]) &&
                    logged_has(&logged, LOG_WARN, "RULES", row[i][1]));
        arena_free(&a);
    }
}

static void a_rule_that_never_matches_is_warned_about_and_left_out(void **state)
{
    /* clang-format off */
    static const char *const row[][3] = {
        /* written, kept, the rule of the warning (NULL: none) */
        {"80,80", "80", "80"}, {"80,80-80", "80", "80"}, {"80-90,85", "80-90", "85"}, {"80,81,80-81", "80 81", "80-81"},
        {"80,*:80", "80", "*:80"}, {"*:80,80", "*:80", "80"}, {"*:80-90,*:85", "*:80-90", "*:85"},
        {"80,1.1.1.1:80", "80", "1.1.1.1:80"}, {"*:80,[::1]:80", "*:80", "[::1]:80"},
        {"1.1.1.1:80,1.1.1.1:80", "1.1.1.1:80", "1.1.1.1:80"}, {"1.1.1.1:80,[::ffff:1.1.1.1]:80", "1.1.1.1:80", "1.1.1.1:80"},
        {"listen,listen", "listen", "listen"}, {"1-65535,22", "1-65535", "22"}, {"1-65535,listen", "1-65535", "listen"},
        {"80-90,85-95", "80-90 85-95", NULL}, {"1.1.1.1:80,80", "1.1.1.1:80 80", NULL},
        {"1.1.1.1:80,*:80", "1.1.1.1:80 *:80", NULL}, {"listen,80", "listen 80", NULL}, {"80,listen", "80 listen", NULL},
        {">443,>443", ">443", ">443"}, {">443,>10.0.0.0/8:443", ">443", ">10.0.0.0/8:443"}, {">1-9,>5", ">1-9", ">5"},
        {">10.0.0.0/8:443,>10.0.0.0/8:443", ">10.0.0.0/8:443", ">10.0.0.0/8:443"},
        {">10.0.0.0/8:443,>10.1.0.0/16:443", ">10.0.0.0/8:443", ">10.1.0.0/16:443"},
        {">10.0.0.0/8:443,>10.1.2.3:443", ">10.0.0.0/8:443", ">10.1.2.3:443"},
        {">[::]/0:443,>[::1]:443", ">[::]/0:443", ">[::1]:443"}, {">0.0.0.0/0:443,>[::]/0:443", ">0.0.0.0/0:443 >[::]/0:443", NULL},
        {">10.1.0.0/16:443,>10.0.0.0/8:443", ">10.1.0.0/16:443 >10.0.0.0/8:443", NULL},
        {">10.0.0.0/8:443,>10.1.0.0/16:444", ">10.0.0.0/8:443 >10.1.0.0/16:444", NULL},
        {">10.0.0.0/8:443,>11.0.0.0/16:443", ">10.0.0.0/8:443 >11.0.0.0/16:443", NULL},
        {">10.0.0.1:443,10.0.0.1:443,>443,443", ">10.0.0.1:443 10.0.0.1:443 >443 443", NULL},
        {"1-65535,>443,*:80", "1-65535 >443", "*:80"}, {">1-65535,listen", ">1-65535 listen", NULL},
        {"1.1.1.1:80,1.1.1.1:81,1.1.1.2:80,[::1]:80", "1.1.1.1:80 1.1.1.1:81 1.1.1.2:80 [::1]:80", NULL},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct arena a = {0};
        struct rules r;
        struct logged logged;

        logged_init(&logged);
        assert_int_equal(rules_parse(row[i][0], false, "RULES", &a, &logged.diag, &r), 0);
        assert_string_equal(joined(&r), row[i][1]);
        assert_row(logged.n == (row[i][2] != NULL), row[i][0]);
        assert_row(!row[i][2] || logged_has(&logged, LOG_WARN, "RULES", row[i][2]), row[i][0]);
        arena_free(&a);
    }
}

static void ten_thousand_rules_and_no_more(void **state)
{
    static char list[30 * (RULES_MAX + 1)];

    (void)state;
    for (int addresses = 0; addresses < 3; addresses++)
        for (int n = RULES_MAX; n <= RULES_MAX + 1; n++) {
            struct arena a = {0};
            struct rules r;
            struct logged logged;
            size_t at = 0;

            for (int i = 0; i < n; i++)
                at += addresses ? (size_t)sprintf(list + at, "%s10.0.%d.%d:%d,", addresses == 2 ? ">" : "", i % 7,
                                                  i % 11, 1 + i)
                                : (size_t)sprintf(list + at, "%s%d,", i % 2 ? "*:" : "", 1 + i);
            logged_init(&logged);
            assert_int_equal(rules_parse(list, false, "RULES", &a, &logged.diag, &r), n > RULES_MAX ? -EINVAL : 0);
            assert_int_equal(r.n, n > RULES_MAX ? 0 : n);
            assert_int_equal(logged.n, n > RULES_MAX);
            if (n > RULES_MAX)
                assert_true(logged_has(&logged, LOG_ERROR, "RULES", "10000"));
            arena_free(&a);
        }
}

static void every_truncation_and_every_wrong_byte_is_read_or_refused(void **state)
{
    static const char text[] =
        "80,[fe80::1]:443,*:8000-8100,10.0.0.1:22,listen,>8000-8100,>[fe80::]/10:443,>10.0.0.0/8:22";
    static const char wrong[] = "\0\x01\xff,[]*:-.%{>/\"";

    (void)state;
    for (size_t len = 0; len < sizeof text; len++)
        for (size_t w = 0; w < sizeof wrong; w++) {
            struct arena a = {0};
            struct rules r;
            struct logged logged;
            char copy[sizeof text + 1];
            int ret;

            memcpy(copy, text, len);
            copy[len] = wrong[w];
            memcpy(copy + len + 1, text + len, sizeof text - len);
            logged_init(&logged);
            ret = rules_parse(flush_copy(copy, sizeof copy), true, "RULES", &a, &logged.diag, &r);
            assert_row((ret != 0) == (logged.diag.errors != 0), copy);
            arena_free(&a);
        }
}

static void no_rules_no_matter(void **state)
{
    struct arena a = {0};
    struct rules r;

    (void)state;
    rules_of(&r, "", &a);
    assert_int_equal(r.n, 0);
    assert_int_equal(r.listen, RULE_NONE);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_one_canonical_text),
        cmocka_unit_test(a_wrong_rule_is_refused_and_named),
        cmocka_unit_test(a_zone_id_is_refused_as_such),
        cmocka_unit_test(datakits_bare_ipv6_is_taken_with_a_warning),
        cmocka_unit_test(bits_after_the_prefix_are_cut_with_a_warning),
        cmocka_unit_test(a_rule_that_never_matches_is_warned_about_and_left_out),
        cmocka_unit_test(ten_thousand_rules_and_no_more),
        cmocka_unit_test(every_truncation_and_every_wrong_byte_is_read_or_refused),
        cmocka_unit_test(no_rules_no_matter),
    };

    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
