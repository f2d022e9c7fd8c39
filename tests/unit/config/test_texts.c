/* Values with quotes, line ends or great length, which their users did not mean. */
#include <string.h>

#include "config/foreign.h"
#include "unit/config/config_helper.h"

static void what_is_pushed_is_utf_8(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, "m\xe9", "SOCKPUSH_TAGS=site=caf\xe9,place=Z\xc3\xbcrich", "SOCKPUSH_PREFIX=p\xfc", "POD_NAME=\xff",
              "DD_TAGS=a:\xc0\x80");
    assert_string_equal(tags_of(&c), "a=__;host=m_;place=Z\xc3\xbcrich;pod_name=_;site=caf_");
    assert_string_equal(c.config.v.prefix, "p_");
    assert_int_equal(c.logged.n, 5);
    assert_true(logged_has(&c.logged, LOG_WARN, "SOCKPUSH_TAGS", "not UTF-8") &&
                logged_has(&c.logged, LOG_WARN, "SOCKPUSH_PREFIX", "not UTF-8"));
    assert_true(logged_has(&c.logged, LOG_WARN, "POD_NAME", "not UTF-8") &&
                logged_has(&c.logged, LOG_WARN, "DD_TAGS", "not UTF-8"));
    assert_true(logged_has(&c.logged, LOG_WARN, "host name", "not UTF-8"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_PORTS=[{\"ports\":[\"80\"],\"tags\":{\"s\":\"\xe9\"}}]", "SOCKPUSH_HOST=\xe9");
    assert_string_equal(c.config.rules.group_tags[0].tag[0].value, "_");
    assert_string_equal(c.config.v.host, "_");
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=unix:///p\xe9", "SOCKPUSH_HTTP_TOKEN=\xe9");
    if (c.config.n_outputs) {                                   /* Windows has no such output */
        assert_string_equal(c.config.output[0].path, "/p\xe9"); /* a file name is any bytes */
        assert_string_equal(c.config.output[0].name, "unix:///p_");
    }
    assert_non_null(strstr(c.config.http.headers, "Token \xe9"));
    arena_free(&c.config.arena);
}

/* docker's --env-file keeps quotes. */
static void quotes_around_a_value_are_warned_about(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TAGS=\"a=b\"", "SOCKPUSH_PREFIX='p'", "SOCKPUSH_HTTP_TOKEN=\"secret\"",
              "DD_SERVICE='x'", "SOCKPUSH_HOST=\"", "SOCKPUSH_PORTS=[\"80\"]");
    assert_true(logged_has(&c.logged, LOG_WARN, "SOCKPUSH_TAGS", "quotes around it (\")") &&
                logged_has(&c.logged, LOG_WARN, "SOCKPUSH_PREFIX", "quotes around it (')"));
    assert_true(logged_has(&c.logged, LOG_WARN, "DD_SERVICE", "quotes around it (')"));
    assert_true(logged_has(&c.logged, LOG_WARN, "SOCKPUSH_HTTP_TOKEN", "quotes around it (\")") &&
                !logged_has(&c.logged, LOG_WARN, "SOCKPUSH_HTTP_TOKEN", "secret"));
    assert_false(logged_has(&c.logged, LOG_WARN, "SOCKPUSH_HOST", "") ||
                 logged_has(&c.logged, LOG_WARN, "SOCKPUSH_PORTS", ""));
    assert_string_equal(c.config.v.http_token, "\"secret\"");
    arena_free(&c.config.arena);
}

/* A block of YAML has line ends. */
static void ends_of_lines_in_a_list_are_warned_about(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TAGS=a=b\nc=d", "ENV_GLOBAL_HOST_TAGS=e=f,\ng=h", "DD_TAGS=i:j\nk:l",
              "SOCKPUSH_PORTS=[\n\"80\"\n]", "SOCKPUSH_HOST=a\n");
    assert_true(logged_has(&c.logged, LOG_WARN, "SOCKPUSH_TAGS", "line break") &&
                logged_has(&c.logged, LOG_WARN, "ENV_GLOBAL_HOST_TAGS", "line break"));
    assert_false(logged_has(&c.logged, LOG_WARN, "DD_TAGS", "line break") ||
                 logged_has(&c.logged, LOG_WARN, "SOCKPUSH_PORTS", "line break"));
    assert_false(logged_has(&c.logged, LOG_WARN, "SOCKPUSH_HOST", "line break"));
    arena_free(&c.config.arena);
}

static void all_foreign_names_are_looked_at(void **state)
{
    struct read_config c;
    char text[64];

    (void)state;
    for (const struct foreign *f = foreign; *f->name; f++) {
        if (strchr(f->name, '*'))
            continue; /* its names are not looked at where they are not used */
        strcat(strcat(strcpy(text, f->name), "="), "\"1\"");
        CONFIG_OF(&c, NULL, text);
        assert_row(logged_has(&c.logged, LOG_WARN, f->name, "quotes around it"), f->name);
        arena_free(&c.config.arena);
    }
}

/* Values of the longest length that the system allows are refused before much work is done. */
static void lists_without_end_are_refused_soon(void **state)
{
    static const char *const row[][2] = {
        {"SOCKPUSH_TO=udp://a", ",b"},      {"SOCKPUSH_TO=tcp://a:1", ",b:1"}, {"SOCKPUSH_TO=stdout:", ",stdout:"},
        {"SOCKPUSH_TAGS=", "k,"},           {"SOCKPUSH_PORTS=1", ",x"},        {"SOCKPUSH_HTTP_HEADERS=", "x,"},
        {"SOCKPUSH_HTTP_HEADERS=", "A=x,"},
    };
    static char text[131072];
    struct read_config c;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        size_t at = strlen(strcpy(text, row[i][0])), each = strlen(row[i][1]);

        for (; at + each < sizeof text; at += each)
            strcpy(text + at, row[i][1]);
        CONFIG_OF(&c, NULL, text);
        assert_row(c.logged.n > 0 && c.logged.n < 300, row[i][0]); /* the number of messages shows how much was read */
        arena_free(&c.config.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_pushed_is_utf_8),
        cmocka_unit_test(quotes_around_a_value_are_warned_about),
        cmocka_unit_test(ends_of_lines_in_a_list_are_warned_about),
        cmocka_unit_test(all_foreign_names_are_looked_at),
        cmocka_unit_test(lists_without_end_are_refused_soon),
    };

    return cmocka_run_group_tests_name("texts", tests, NULL, NULL);
}
