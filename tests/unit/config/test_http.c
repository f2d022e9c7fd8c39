/* http:// and https:// in SOCKPUSH_TO, SOCKPUSH_HTTP_*, and the request made of them. */
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "unit/config/config_helper.h"

static void outputs_by_http(void **state)
{
    static const struct {
        const char *to, *name, *path, *format;
        int64_t unit_ms;
        const char *zeros; /* NULL: the format's default unit */
    } row[] = {
        {"http://h", "http://h:80/", "/", "influx", 0, NULL},
        {"https://h", "https://h:443/", "/", "influx", 0, NULL},
        {"http://h:8086/write?db=x", "http://h:8086/write?db=x", "/write?db=x", "influx", 0, NULL},
        {"https://[::1]:8086?a=b", "https://[::1]:8086/?a=***", "/?a=b", "influx", 0, NULL},
        {"http://h/a%2Cb/../c//d?x=%20", "http://h:80/a%2Cb/../c//d?x=***", "/a%2Cb/../c//d?x=%20", "influx", 0, NULL},
        {"graphite+http://h/w?precision=q", "http://h:80/w?precision=q", "/w?precision=q", "graphite", 0, NULL},
        {"HTTP://h/w?precision=ns", "http://h:80/w?precision=ns", "/w?precision=ns", "influx", 1, "000000"},
        {"http://h/w?db=x&precision=u", "http://h:80/w?db=x&precision=u", "/w?db=x&precision=u", "influx", 1, "000"},
        {"http://h/w?precision=ms&db=x", "http://h:80/w?precision=ms&db=x", "/w?precision=ms&db=x", "influx", 1, ""},
        {"http://h/w?precision=second", "http://h:80/w?precision=second", "/w?precision=second", "influx", 1000, ""},
        {"http://h/w?xprecision=q", "http://h:80/w?xprecision=***", "/w?xprecision=q", "influx", 0, NULL},
        {"http://h/precision=q", "http://h:80/precision=q", "/precision=q", "influx", 0, NULL},
        {"http://a/w?p=x,b:81", "http://a:80/w?p=***,b:81", "/w?p=x", "influx", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;
        char to[200];

        if (!tls_built && strstr(row[i].to, "https"))
            continue;
        snprintf(to, sizeof to, "SOCKPUSH_TO=%s", row[i].to);
        CONFIG_OF(&c, NULL, to);
        assert_row(!c.logged.n && c.config.n_outputs == 1, row[i].to);
        assert_row(!strcmp(c.config.output->name, row[i].name), c.config.output->name);
        assert_row(!strcmp(c.config.output->path, row[i].path), row[i].to);
        assert_row(!strcmp(c.config.output->format->name, row[i].format), row[i].to);
        assert_row(!row[i].zeros == !c.config.output->unit, row[i].to);
        if (row[i].zeros)
            assert_row(c.config.output->unit->ms == row[i].unit_ms &&
                           !strcmp(c.config.output->unit->zeros, row[i].zeros),
                       row[i].to);
        arena_free(&c.config.arena);
    }
}

static void what_is_refused_is_named_without_its_secrets(void **state)
{
    static const struct {
        const char *to, *why;
    } row[] = {
        {"http://", "the host is missing"},
        {"http://h/w?p=sesame#x", "a fragment"},
        {"http://h/w?p=sesame x", "percent-encoded"},
        {"http://h/w?p=sesame\303\274", "percent-encoded"},
        {"http://h/w?p=sesame&precision=sec", "precision \"sec\": accepted are n, ns,"},
        {"http://h/w?precision=", "precision \"\": accepted are"},
        {"http://h/w?precision=m", "accepted is 60s or more"},
        {"https://me:sesame@h/w", "user names and passwords"},
        {"http://h/w?p=sesame,http://h/w?p=sesame", "the same output twice"},
        {"http://h/w?p=sesame,h", "the same host twice"},
        {"table+http://h/w?p=sesame", "only on stdout:"},
        {"tcp://h:1/w?p=sesame", "takes no path"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;
        char to[200];

        snprintf(to, sizeof to, "SOCKPUSH_TO=%s", row[i].to);
        CONFIG_OF(&c, NULL, to, "SOCKPUSH_INTERVAL=1s");
        assert_row(c.logged.diag.errors, row[i].to);
        assert_row(logged_has(&c.logged, LOG_ERROR, NULL, row[i].why), row[i].to);
        assert_row(!logged_has(&c.logged, LOG_ERROR, NULL, "sesame"), row[i].to);
        arena_free(&c.config.arena);
    }
}

static void a_path_has_its_bound(void **state)
{
    static char to[4000] = "SOCKPUSH_TO=http://h/";
    struct read_config c;
    size_t len = strlen(to);

    (void)state;
    memset(to + len, 'x', HTTP_PATH_MAX - 1);
    CONFIG_OF(&c, NULL, to);
    assert_int_equal(c.logged.n, 0);
    arena_free(&c.config.arena);
    to[strlen(to)] = 'x';
    CONFIG_OF(&c, NULL, to);
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_TO", "longer than 2048 bytes"));
    arena_free(&c.config.arena);
}

static void outputs_that_differ_only_in_a_secret_are_numbered(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=http://h/w?token=a,http://h/w?token=b,udp://x,http://h/w?token=c");
    assert_int_equal(c.logged.n, 0);
    assert_string_equal(outputs_of(&c),
                        "http://h:80/w?token=*** http://h:80/w?token=***#2 udp://x:8125 http://h:80/w?token=***#3");
    assert_string_equal(
        c.config.to_shown,
        "http://h/w?token=***,http://h/w?token=***,udp://x,http://h/w?token=***"); /* as --check prints it */
    arena_free(&c.config.arena);
}

static void sockpush_format_holds_where_it_is_set(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=http://h/,udp://h,statsd+http://i/", "SOCKPUSH_FORMAT=dogstatsd");
    assert_string_equal(c.config.output[0].format->name, "dogstatsd");
    assert_string_equal(c.config.output[1].format->name, "dogstatsd");
    assert_string_equal(c.config.output[2].format->name, "statsd");
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=http://h/,udp://h");
    assert_string_equal(c.config.output[0].format->name, "influx");
    assert_string_equal(c.config.output[1].format->name, "dogstatsd");
    arena_free(&c.config.arena);
}

static void headers_are_those_of_the_variables(void **state)
{
    static const struct {
        const char *token, *headers, *sent;
    } row[] = {
        {"", "", ""},
        {"abc", "", "Authorization: Token abc\r\n"},
        {"Bearer abc", "", "Authorization: Bearer abc\r\n"},
        {"", "A=b", "A: b\r\n"},
        {"x", " A=b , X-c= d=e ", "Authorization: Token x\r\nA: b\r\nX-c:  d=e\r\n"},
        {"", "A=b%2Cc%25,D=", "A: b,c%\r\nD: \r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;
        char token[200], headers[200];

        snprintf(token, sizeof token, "SOCKPUSH_HTTP_TOKEN=%s", row[i].token);
        snprintf(headers, sizeof headers, "SOCKPUSH_HTTP_HEADERS=%s", row[i].headers);
        CONFIG_OF(&c, NULL, token, headers);
        assert_row(!c.logged.n && !strcmp(c.config.http.headers, row[i].sent), row[i].sent);
        arena_free(&c.config.arena);
    }
}

static void bad_headers_are_named_and_no_value_is_shown(void **state)
{
    static const struct {
        const char *variable, *why;
    } row[] = {
        {"SOCKPUSH_HTTP_TOKEN=sesame\r\nX: y", "a control byte"},
        {"SOCKPUSH_HTTP_HEADERS=sesame", "no \"=\""},
        {"SOCKPUSH_HTTP_HEADERS==sesame", "no name"},
        {"SOCKPUSH_HTTP_HEADERS=A =sesame", "an invalid byte"},
        {"SOCKPUSH_HTTP_HEADERS=A:B=sesame", "an invalid byte"},
        {"SOCKPUSH_HTTP_HEADERS=A=sesame%0d%0aB: c", "a control byte"},
        {"SOCKPUSH_HTTP_HEADERS=A=sesame\nB: c", "a control byte"},
        {"SOCKPUSH_HTTP_HEADERS=A=sesame%", "two hexadecimal digits"},
        {"SOCKPUSH_HTTP_HEADERS=A=sesame%00", "two hexadecimal digits"},
        {"SOCKPUSH_HTTP_HEADERS=content-length=5sesame", "sockpush sets this header"},
        {"SOCKPUSH_HTTP_HEADERS=Host=sesame", "sockpush sets this header"},
        {"SOCKPUSH_HTTP_HEADERS=Transfer-Encoding=sesame", "sockpush sets this header"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;

        CONFIG_OF(&c, NULL, row[i].variable);
        assert_row(c.logged.diag.errors && logged_has(&c.logged, LOG_ERROR, NULL, row[i].why), row[i].variable);
        assert_row(!logged_has(&c.logged, LOG_ERROR, NULL, "sesame"), row[i].variable);
        arena_free(&c.config.arena);
    }
}

static void a_second_authorization_is_refused_and_so_are_too_many(void **state)
{
    static char long_value[HTTP_HEADERS_MAX + 100] = "SOCKPUSH_HTTP_TOKEN=";
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_HTTP_TOKEN=a", "SOCKPUSH_HTTP_HEADERS=authorization=b");
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_HTTP_HEADERS", "SOCKPUSH_HTTP_TOKEN sets it, too"));
    arena_free(&c.config.arena);
    memset(long_value + strlen(long_value), 'x', HTTP_HEADERS_MAX);
    CONFIG_OF(&c, NULL, long_value);
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_HTTP_TOKEN", "4096 bytes"));
    arena_free(&c.config.arena);
}

static void a_request_is_a_post(void **state)
{
    static const struct {
        const char *to, *request;
    } row[] = {
        {"http://h/write?db=x", "POST /write?db=x HTTP/1.1\r\nHost: h\r\n"},
        {"https://h:443", "POST / HTTP/1.1\r\nHost: h\r\n"},
        {"http://h:443/w", "POST /w HTTP/1.1\r\nHost: h:443\r\n"},
        {"https://10.0.0.1:8086/w", "POST /w HTTP/1.1\r\nHost: 10.0.0.1:8086\r\n"},
        {"http://[fe80::1%25eth0]/w", "POST /w HTTP/1.1\r\nHost: [fe80::1]\r\n"},
    };
    static const char rest[] = "User-Agent: sockpush/" SOCKPUSH_VERSION
                               "\r\nContent-Type: text/plain; charset=utf-8\r\nA: b\r\nContent-Length: 1234\r\n\r\n";

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        char to[200], text[HTTP_REQUEST_MAX + 1] = "", expected[400];
        struct buf b = {.data = text, .cap = HTTP_REQUEST_MAX};
        struct read_config c;

        if (!tls_built && strstr(row[i].to, "https"))
            continue;
        snprintf(to, sizeof to, "SOCKPUSH_TO=%s", row[i].to);
        snprintf(expected, sizeof expected, "%s%s", row[i].request, rest);
        CONFIG_OF(&c, NULL, to, "SOCKPUSH_HTTP_HEADERS=A=b");
        http_request_put(&b, c.config.output, c.config.output->target, 1234);
        assert_row(!b.full && !strcmp(text, expected), text);
        arena_free(&c.config.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_by_http),
        cmocka_unit_test(what_is_refused_is_named_without_its_secrets),
        cmocka_unit_test(a_path_has_its_bound),
        cmocka_unit_test(outputs_that_differ_only_in_a_secret_are_numbered),
        cmocka_unit_test(sockpush_format_holds_where_it_is_set),
        cmocka_unit_test(headers_are_those_of_the_variables),
        cmocka_unit_test(bad_headers_are_named_and_no_value_is_shown),
        cmocka_unit_test(a_second_authorization_is_refused_and_so_are_too_many),
        cmocka_unit_test(a_request_is_a_post),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
