#include <stdio.h>
#include <string.h>

#include "output/url.h"
#include "unit/helper.h"

struct row {
    const char *item;
    const char *format, *scheme, *host, *path;
    unsigned port;
};

static bool same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static void every_form_of_a_url_is_read(void **state)
{
    static const struct row row[] = {
        {"udp://127.0.0.1", NULL, "udp", "127.0.0.1", NULL, 0},
        {"udp://agg.example:8125", NULL, "udp", "agg.example", NULL, 8125},
        {"udp://h:1", NULL, "udp", "h", NULL, 1},
        {"udp://h:65535", NULL, "udp", "h", NULL, 65535},
        {"UDP://Host", NULL, "udp", "Host", NULL, 0},
        {"influx+tls://agg.example:8094", "influx", "tls", "agg.example", NULL, 8094},
        {"Influx+UDP://h", "influx", "udp", "h", NULL, 0},
        {"udp://[::1]", NULL, "udp", "::1", NULL, 0},
        {"udp://[2001:db8::1]:8125", NULL, "udp", "2001:db8::1", NULL, 8125},
        {"udp://[fe80::1%25eth0]:8125", NULL, "udp", "fe80::1%eth0", NULL, 8125},
        {"unix:///var/run/datadog/dsd.socket", NULL, "unix", NULL, "/var/run/datadog/dsd.socket", 0},
        {"datadog+unix:///a", "datadog", "unix", NULL, "/a", 0},
        {"unixgram:///a", NULL, "unixgram", NULL, "/a", 0},
        {"unixstream:///a", NULL, "unixstream", NULL, "/a", 0},
        {"unix://@abstract", NULL, "unix", NULL, "@abstract", 0},
        {"unix:///a%2Cb%20c", NULL, "unix", NULL, "/a,b c", 0},
        {"unix:///a?b#c", NULL, "unix", NULL, "/a?b#c", 0},
        {"unix:///run/stdout:", NULL, "unix", NULL, "/run/stdout:", 0},
        {"http://h:8428/write?db=x&a=%2C#y", NULL, "http", "h", "/write?db=x&a=%2C#y", 8428},
        {"https://[::1]?q", NULL, "https", "::1", "?q", 0},
        {"udp://h/", NULL, "udp", "h", "/", 0}, /* the transport refuses the path */
        {"stdout:", NULL, "stdout", NULL, NULL, 0},
        {"influx+stdout:", "influx", "stdout", NULL, NULL, 0},
        {"STDOUT:", NULL, "stdout", NULL, NULL, 0},
        {"b:6514", NULL, NULL, "b", NULL, 6514}, /* a fail-over */
        {"b", NULL, NULL, "b", NULL, 0},
        {"[::1]:6514", NULL, NULL, "::1", NULL, 6514},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct arena a = {0};
        struct url url;
        const char *why = url_parse(row[i].item, strlen(row[i].item), &a, &url);

        if (why)
            print_error("%s\n", why);
        assert_row(!why, row[i].item);
        assert_row(same(url.format, row[i].format) && same(url.scheme, row[i].scheme), row[i].item);
        assert_row(same(url.host, row[i].host) && same(url.path, row[i].path), row[i].item);
        assert_row(url.port == row[i].port, row[i].item);
        arena_free(&a);
    }
}

static void a_wrong_url_is_refused_with_the_reason(void **state)
{
    /* clang-format off */
    static const char *const row[][2] = {
        {"", "nothing"},
        {"udp://", "host"},
        {"udp://:8125", "host"},
        {"udp://h:", "port"}, {"udp://h:0", "port"}, {"udp://h:65536", "port"}, {"udp://h:8125x", "port"},
        {"udp://h:-1", "port"}, {"udp://h:99999999999999999999", "port"},
        {"udp://[::1]:", "port"}, {"udp://[::1]:0", "port"},
        {"udp://::1", "brackets"}, {"udp://::1:8125", "brackets"}, {"a:1:2", "brackets"},
        {"udp://[::1", "]"}, {"udp://[::1]8125", ":PORT"}, {"udp://[]", "IPv6"}, {"udp://[1.2.3.4]", "IPv6"},
        {"udp://[fe80::1%eth0]", "%25"}, {"udp://[fe80::1%2", "]"},
        {"udp://user@h", "user"}, {"udp://user:secret@h:1", "user"},
        {"udp://a b", "character"}, {"udp://a\tb", "character"}, {"udp://a\x7f", "character"}, {"udp://a\\b", "character"},
        {"udp://a[b", "character"},
        {"unix://", "path"}, {"unix://relative", "absolute"}, {"unix:///", "missing"}, {"unix://@", "missing"},
        {"unix:///a%", "%"}, {"unix:///a%2", "%"}, {"unix:///a%zz", "%"}, {"unix:///a%00b", "%"},
        {"://h", "transport"}, {"influx+://h", "transport"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct arena a = {0};
        struct url url;
        const char *why = url_parse(row[i][0], strlen(row[i][0]), &a, &url);

        assert_row(why, row[i][0]);
        if (!strstr(why, row[i][1]))
            print_error("%s\n", why);
        assert_row(strstr(why, row[i][1]), row[i][0]);
        assert_row(!strstr(why, "secret"), row[i][0]);
        arena_free(&a);
    }
}

static void a_host_has_up_to_255_bytes(void **state)
{
    (void)state;
    for (int n = 255; n <= 256; n++) {
        struct arena a = {0};
        struct url url;
        char item[300];
        int len = snprintf(item, sizeof item, "udp://%0*d:1", n, 0);

        assert_int_equal(url_parse(item, (size_t)len, &a, &url) == NULL, n == 255);
        arena_free(&a);
    }
}

static void every_truncation_is_read_or_refused(void **state)
{
    static const char *const item[] = {"influx+udp://[fe80::1%25eth0]:8125", "unix:///a%2Cb", "http://h:1/p?q#f",
                                       "influx+stdout:"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(item); i++)
        for (size_t len = 0; len <= strlen(item[i]); len++) {
            struct arena a = {0};
            struct url url;
            const char *why = url_parse(flush_copy(item[i], len), len, &a, &url);

            if (!why && !url.path && !(url.scheme && !strcmp(url.scheme, "stdout")))
                assert_row(url.host && *url.host, item[i]);
            arena_free(&a);
        }
}

static void a_list_is_split_at_commas(void **state)
{
    static const char *const expected[] = {"udp://a", "", "unix:///x%2Cy", "b:1", ""};
    const char *list = "udp://a , ,\tunix:///x%2Cy,b:1\n,", *item;
    size_t len, n = 0;

    (void)state;
    while ((item = url_next(&list, &len))) {
        assert_true(n < COUNT_OF(expected));
        assert_int_equal(len, strlen(expected[n]));
        assert_memory_equal(item, expected[n], len);
        n++;
    }
    assert_int_equal(n, COUNT_OF(expected));
}

static void a_host_of_another_programs_variable(void **state)
{
    static const struct row row[] = {
        {"10.0.0.1", NULL, NULL, "10.0.0.1", NULL, 0},
        {"h", NULL, NULL, "h", NULL, 0},
        {"h:9125", NULL, NULL, "h", NULL, 9125},
        {"::1", NULL, NULL, "::1", NULL, 0},
        {"2001:db8::5", NULL, NULL, "2001:db8::5", NULL, 0},
        {"[::1]:9125", NULL, NULL, "::1", NULL, 9125},
        {"[::1]", NULL, NULL, "::1", NULL, 0},
    };
    static const char *const bad[] = {"", ":9125", "h:", "h:0", "h:tcp", "a b", "user@h", "h/path", "1:2:3", "[::1"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct arena a = {0};
        struct url url;

        assert_row(!url_parse_host(row[i].item, &a, &url), row[i].item);
        assert_row(same(url.host, row[i].host) && url.port == row[i].port && !url.scheme, row[i].item);
        arena_free(&a);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct arena a = {0};
        struct url url;

        assert_row(url_parse_host(bad[i], &a, &url), bad[i]);
        arena_free(&a);
    }
}

static void only_hexadecimal_digits_follow_a_percent_sign(void **state)
{
    static const char good[][2][10] = {{"%41", "A"}, {"%4a%4A", "JJ"}, {"%fF", "\xff"}, {"a%25b", "a%b"}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        char text[10];

        strcpy(text, good[i][0]);
        assert_row(url_decode(text) && !strcmp(text, good[i][1]), good[i][0]);
    }
    for (int c = 1; c < 256; c++) {
        char first[] = {'%', (char)c, '1', '\0'}, second[] = {'%', '1', (char)c, '\0'};
        bool digit = c < 128 && strchr("0123456789abcdefABCDEF", c);

        assert_int_equal(url_decode(first), digit);
        assert_int_equal(url_decode(second), digit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_hexadecimal_digits_follow_a_percent_sign), cmocka_unit_test(every_form_of_a_url_is_read),
        cmocka_unit_test(a_wrong_url_is_refused_with_the_reason),        cmocka_unit_test(a_host_has_up_to_255_bytes),
        cmocka_unit_test(every_truncation_is_read_or_refused),           cmocka_unit_test(a_list_is_split_at_commas),
        cmocka_unit_test(a_host_of_another_programs_variable),
    };

    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
