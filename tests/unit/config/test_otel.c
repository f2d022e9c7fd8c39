/* SOCKPUSH_TO=otlp, and OpenTelemetry's variables. */
#include <stdio.h>
#include <string.h>

#include "encode/otlp.h"
#include "unit/config/config_helper.h"

#define OTLP "OTEL_EXPORTER_OTLP_"

/* Reads SOCKPUSH_TO=otlp and up to four more variables; NULL: none. */
static void read_otlp(struct read_config *c, const char *a, const char *b, const char *d, const char *e)
{
    CONFIG_OF(c, "box", "SOCKPUSH_TO=otlp", a, b, d, e);
}

static void the_endpoint_follows_the_specification(void **state)
{
    static const struct {
        const char *general, *metrics, *name, *path;
    } row[] = {
        {NULL, NULL, "http://localhost:4318/v1/metrics", "/v1/metrics"},
        {OTLP "ENDPOINT=", NULL, "http://localhost:4318/v1/metrics", "/v1/metrics"},
        {OTLP "ENDPOINT=http://c:4318", NULL, "http://c:4318/v1/metrics", "/v1/metrics"},
        {OTLP "ENDPOINT=http://c:4318/", NULL, "http://c:4318/v1/metrics", "/v1/metrics"},
        {OTLP "ENDPOINT=http://c/a/b", NULL, "http://c:80/a/b/v1/metrics", "/a/b/v1/metrics"},
        {OTLP "ENDPOINT=http://c/a/?db=x", NULL, "http://c:80/a/v1/metrics?db=x", "/a/v1/metrics?db=x"},
        {OTLP "ENDPOINT=HTTP://[::1]:1", NULL, "http://[::1]:1/v1/metrics", "/v1/metrics"},
        {OTLP "ENDPOINT=http://c", OTLP "METRICS_ENDPOINT=http://m:1", "http://m:1/", "/"},
        {OTLP "ENDPOINT=http://c", OTLP "METRICS_ENDPOINT=http://m/", "http://m:80/", "/"},
        {OTLP "ENDPOINT=http://c", OTLP "METRICS_ENDPOINT=http://m/x?y", "http://m:80/x?***", "/x?y"},
        {OTLP "ENDPOINT=http://c", OTLP "METRICS_ENDPOINT= ", "http://c:80/v1/metrics", "/v1/metrics"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;
        const char *first = row[i].general ? row[i].general : row[i].metrics;

        read_otlp(&c, first, first ? row[i].metrics : NULL, NULL, NULL);
        assert_row(!c.logged.n && c.config.n_outputs == 1, row[i].name);
        assert_row(!strcmp(c.config.output->name, row[i].name), c.config.output->name);
        assert_row(!strcmp(c.config.output->path, row[i].path), c.config.output->path);
        assert_row(c.config.output->format == &encoder_otlp, row[i].name);
        assert_string_equal(c.config.otel.output->name, row[i].name);
        assert_true(!strcmp(c.config.otel.from, "default") == !strncmp(row[i].name, "http://localhost", 16));
        arena_free(&c.config.arena);
    }
}

static void https_is_an_endpoint_on_port_443(void **state)
{
    struct read_config c;

    (void)state;
    read_otlp(&c, OTLP "ENDPOINT=https://c", NULL, NULL, NULL);
    if (tls_built)
        assert_string_equal(outputs_of(&c), "https://c:443/v1/metrics");
    else
        assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_TO", "built without TLS"));
    arena_free(&c.config.arena);
}

static void a_bad_endpoint_is_ignored_with_a_warning(void **state)
{
    static const char *const bad[] = {"collector:4318",    "collector", "grpc://c:4317",     "udp://c",
                                      "influx+http://c",   "httpx://c", "http://c/a b",      "http://c/a#b",
                                      "http://c/\303\251", "http://",   "http://u:sesame@c", "/v1/metrics"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct read_config c;
        char metrics[100], general[100];

        snprintf(metrics, sizeof metrics, OTLP "METRICS_ENDPOINT=%s", bad[i]);
        read_otlp(&c, metrics, OTLP "ENDPOINT=http://c:1", NULL, NULL);
        assert_row(!c.logged.diag.errors &&
                       logged_has(&c.logged, LOG_WARN, OTLP "METRICS_ENDPOINT", "http://HOST:PORT"),
                   bad[i]);
        assert_row(!strcmp(outputs_of(&c), "http://c:1/v1/metrics"), bad[i]);
        assert_row(!logged_has(&c.logged, LOG_WARN, NULL, "sesame"), bad[i]);
        arena_free(&c.config.arena);
        snprintf(general, sizeof general, OTLP "ENDPOINT=%s", bad[i]);
        read_otlp(&c, general, NULL, NULL, NULL);
        assert_row(logged_has(&c.logged, LOG_WARN, OTLP "ENDPOINT", "is ignored"), bad[i]);
        assert_row(!strcmp(outputs_of(&c), "http://localhost:4318/v1/metrics"), bad[i]);
        arena_free(&c.config.arena);
    }
}

/* A container often has these variables for its application. */
static void without_otlp_in_sockpush_to_they_change_nothing(void **state)
{
    static const char *const to[] = {NULL, "SOCKPUSH_TO=udp://a", "SOCKPUSH_TO=influx+http://a/w"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(to); i++) {
        struct read_config with, without;

        CONFIG_OF(&with, "box", OTLP "ENDPOINT=grpc", OTLP "METRICS_ENDPOINT=http://m", OTLP "PROTOCOL=grpc",
                  OTLP "HEADERS=a=b", OTLP "CERTIFICATE=x", OTLP "TIMEOUT=x", OTLP "COMPRESSION=gzip",
                  "OTEL_RESOURCE_ATTRIBUTES=x", "OTEL_SERVICE_NAME=x", "OTEL_METRIC_EXPORT_INTERVAL=5000",
                  "OTEL_METRICS_EXPORTER=none", "OTEL_SDK_DISABLED=true", to[i]);
        CONFIG_OF(&without, "box", "SOCKPUSH_HOST=", to[i]);
        assert_int_equal(with.logged.n, 0);
        assert_string_equal(with.config.output->name, without.config.output->name);
        assert_string_equal(with.config.http.headers, "");
        assert_null(with.config.http.resource);
        assert_int_equal(with.config.v.interval_ms, without.config.v.interval_ms);
        assert_null(with.config.otel.output);
        arena_free(&with.config.arena);
        arena_free(&without.config.arena);
    }
}

static void headers_go_to_that_output_alone(void **state)
{
    static const struct {
        const char *general, *metrics, *sent;
    } row[] = {
        {OTLP "HEADERS=api-key=a", NULL, "api-key: a\r\n"},
        {OTLP "HEADERS= a = b%2Cc%20d , authorization=Basic x==", NULL, "a: b,c d\r\nauthorization: Basic x==\r\n"},
        {OTLP "HEADERS=a=b;c=d", NULL, "a: b;c=d\r\n"}, /* properties are not supported, so this is a value */
        {OTLP "HEADERS=a=b", OTLP "METRICS_HEADERS=c=d", "c: d\r\n"},
        {OTLP "HEADERS=a=b", OTLP "METRICS_HEADERS=", "a: b\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;

        CONFIG_OF(&c, NULL, "SOCKPUSH_TO=influx+http://a/w,otlp,otlp+http://b", row[i].general, row[i].metrics);
        assert_row(!c.logged.n && c.config.n_outputs == 3, row[i].sent);
        assert_string_equal(c.config.output[0].http->headers, "");
        assert_string_equal(c.config.output[1].http->headers, row[i].sent);
        assert_string_equal(c.config.output[2].http->headers, "");
        arena_free(&c.config.arena);
    }
}

static void headers_add_to_those_of_sockpush_which_win(void **state)
{
    struct read_config c;

    (void)state;
    read_otlp(&c, OTLP "HEADERS=a=sesame1,authorization=sesame2,c=sesame3,Content-Type=x,bad",
              "SOCKPUSH_HTTP_HEADERS=A=b", "SOCKPUSH_HTTP_TOKEN=t", NULL);
    assert_string_equal(c.config.output->http->headers, "Authorization: Token t\r\nA: b\r\nc: sesame3\r\n");
    assert_int_equal(c.logged.diag.errors, 0);
    assert_true(logged_has(&c.logged, LOG_WARN, OTLP "HEADERS", "a: it is set already"));
    assert_true(logged_has(&c.logged, LOG_WARN, OTLP "HEADERS", "authorization: SOCKPUSH_HTTP_TOKEN sets it, too"));
    assert_true(logged_has(&c.logged, LOG_WARN, OTLP "HEADERS", "Content-Type: sockpush sets this header itself"));
    assert_true(logged_has(&c.logged, LOG_WARN, OTLP "HEADERS", "no \"=\""));
    assert_false(logged_has(&c.logged, LOG_WARN, NULL, "sesame"));
    arena_free(&c.config.arena);
}

static void too_many_headers_are_ignored(void **state)
{
    static char text[HTTP_HEADERS_MAX + 100] = OTLP "HEADERS=a=";
    struct read_config c;

    (void)state;
    memset(text + strlen(text), 'x', HTTP_HEADERS_MAX);
    read_otlp(&c, text, "SOCKPUSH_HTTP_HEADERS=b=c", NULL, NULL);
    assert_int_equal(c.logged.diag.errors, 0);
    assert_true(logged_has(&c.logged, LOG_WARN, OTLP "HEADERS", "4096 bytes"));
    assert_string_equal(c.config.output->http->headers, "b: c\r\n");
    arena_free(&c.config.arena);
}

/* A path that begins with two slashes is absolute on every system. */
static void certificates_of_sockpush_win(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=otlp,otlp+http://b", OTLP "CERTIFICATE=//g", OTLP "METRICS_CERTIFICATE=//ca",
              OTLP "CLIENT_CERTIFICATE=//c", OTLP "CLIENT_KEY=//k");
    assert_int_equal(c.logged.n, 0);
    assert_string_equal(c.config.output->tls->ca, "//ca");
    assert_string_equal(c.config.output->tls->cert, "//c");
    assert_string_equal(c.config.output->tls->key, "//k");
    assert_true(c.config.output->tls->verify);
    assert_true(!c.config.output[1].tls->ca && !c.config.output[1].tls->cert && !c.config.output[1].tls->key);
    assert_string_equal(c.config.otel.heeded,
                        ", " OTLP "METRICS_CERTIFICATE, " OTLP "CLIENT_CERTIFICATE, " OTLP "CLIENT_KEY");
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=otlp", OTLP "CERTIFICATE=//g", OTLP "CLIENT_CERTIFICATE=//c",
              OTLP "CLIENT_KEY=//k", "SOCKPUSH_TLS_CA=//a", "SOCKPUSH_TLS_CERT=//b", "SOCKPUSH_TLS_KEY=//d");
    assert_string_equal(c.config.output->tls->ca, "//a");
    assert_string_equal(c.config.output->tls->cert, "//b");
    assert_string_equal(c.config.output->tls->key, "//d");
    arena_free(&c.config.arena);
}

static void bad_values_are_ignored_with_a_warning(void **state)
{
    static const struct {
        const char *variable, *name, *why;
    } row[] = {
        {OTLP "CERTIFICATE=ca.pem", OTLP "CERTIFICATE", "absolute path"},
        {OTLP "METRICS_CLIENT_KEY=k", OTLP "METRICS_CLIENT_KEY", "absolute path"},
        {OTLP "CLIENT_CERTIFICATE=//c", OTLP "CLIENT_KEY", "one of them is missing"},
        {OTLP "CLIENT_KEY=//k", OTLP "CLIENT_KEY", "one of them is missing"},
        {OTLP "COMPRESSION=gzip", OTLP "COMPRESSION", "uncompressed"},
        {OTLP "METRICS_COMPRESSION=zstd", OTLP "METRICS_COMPRESSION", "uncompressed"},
        {OTLP "TIMEOUT=10s", OTLP "TIMEOUT", "milliseconds"},
        {OTLP "TIMEOUT=0", OTLP "TIMEOUT", "milliseconds"},
        {OTLP "METRICS_TIMEOUT=-1", OTLP "METRICS_TIMEOUT", "milliseconds"},
        {OTLP "METRICS_TEMPORALITY_PREFERENCE=delta", OTLP "METRICS_TEMPORALITY_PREFERENCE", "SOCKPUSH_SELF=off"},
        {OTLP "METRICS_TEMPORALITY_PREFERENCE=lowmemory", OTLP "METRICS_TEMPORALITY_PREFERENCE", "cumulative"},
        {"OTEL_METRIC_EXPORT_INTERVAL=10s", "OTEL_METRIC_EXPORT_INTERVAL", "milliseconds"},
        {"OTEL_METRIC_EXPORT_INTERVAL=99", "OTEL_METRIC_EXPORT_INTERVAL", "milliseconds"},
        {"OTEL_METRIC_EXPORT_INTERVAL=3600001", "OTEL_METRIC_EXPORT_INTERVAL", "milliseconds"},
        {"OTEL_RESOURCE_ATTRIBUTES=a", "OTEL_RESOURCE_ATTRIBUTES", "key=value"},
        {"OTEL_RESOURCE_ATTRIBUTES=a=b,c=%4", "OTEL_RESOURCE_ATTRIBUTES", "key=value"},
        {"OTEL_RESOURCE_ATTRIBUTES=%zz=b", "OTEL_RESOURCE_ATTRIBUTES", "key=value"},
        {"OTEL_RESOURCE_ATTRIBUTES=a=b,=c", "OTEL_RESOURCE_ATTRIBUTES", "is ignored"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c, plain;

        read_otlp(&c, row[i].variable, NULL, NULL, NULL);
        read_otlp(&plain, NULL, NULL, NULL, NULL);
        assert_row(!c.logged.diag.errors && logged_has(&c.logged, LOG_WARN, row[i].name, row[i].why), row[i].variable);
        assert_row(!c.config.otel.tls.ca && !c.config.otel.tls.cert && !c.config.otel.tls.key, row[i].variable);
        assert_row(c.config.v.interval_ms == 10000 && c.config.otel.http.timeout_ms == 10000, row[i].variable);
        assert_row(c.config.http.resource_len == plain.config.http.resource_len, row[i].variable);
        arena_free(&c.config.arena);
        arena_free(&plain.config.arena);
    }
}

static void no_key_is_shown(void **state)
{
    struct read_config c;

    (void)state;
    read_otlp(&c, OTLP "CLIENT_KEY=-----BEGIN PRIVATE KEY-----\\nsesame", OTLP "ENDPOINT=http://c/?k=sesame x", NULL,
              NULL);
    assert_true(logged_has(&c.logged, LOG_WARN, OTLP "CLIENT_KEY", "absolute path"));
    assert_false(logged_has(&c.logged, LOG_WARN, NULL, "sesame"));
    arena_free(&c.config.arena);
}

static void quotes_around_a_value_are_warned_about(void **state)
{
    struct read_config c;

    (void)state;
    read_otlp(&c, OTLP "METRICS_HEADERS='a=b'", OTLP "HEADERS='c=d'", NULL, NULL);
    assert_true(logged_has(&c.logged, LOG_WARN, OTLP "METRICS_HEADERS", "quotes around it"));
    assert_false(logged_has(&c.logged, LOG_WARN, OTLP "HEADERS", "quotes around it")); /* it is not used */
    arena_free(&c.config.arena);
}

static void other_protocols_are_refused(void **state)
{
    static const char *const bad[] = {"grpc", "http/json", "http"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct read_config c;
        char text[100];

        snprintf(text, sizeof text, OTLP "METRICS_PROTOCOL=%s", bad[i]);
        read_otlp(&c, text, OTLP "PROTOCOL=http/protobuf", NULL, NULL);
        assert_row(c.logged.diag.errors == 1 && logged_has(&c.logged, LOG_ERROR, OTLP "METRICS_PROTOCOL", bad[i]),
                   bad[i]);
        assert_true(logged_has(&c.logged, LOG_ERROR, OTLP "METRICS_PROTOCOL", "accepted is http/protobuf"));
        arena_free(&c.config.arena);
        snprintf(text, sizeof text, OTLP "PROTOCOL=%s", bad[i]);
        read_otlp(&c, text, OTLP "METRICS_PROTOCOL=http/protobuf", NULL, NULL);
        assert_int_equal(c.logged.n, 0);
        arena_free(&c.config.arena);
    }
}

static void a_grpc_port_is_warned_about(void **state)
{
    struct read_config c;

    (void)state;
    read_otlp(&c, OTLP "ENDPOINT=http://c:4317", NULL, NULL, NULL);
    assert_true(!c.logged.diag.errors && logged_has(&c.logged, LOG_WARN, NULL, "port 4317 usually speaks gRPC"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=otlp,b:4317");
    assert_true(!c.logged.diag.errors && logged_has(&c.logged, LOG_WARN, NULL, "port 4317 usually speaks gRPC"));
    arena_free(&c.config.arena);
}

static void the_timeout_is_the_specific_one(void **state)
{
    struct read_config c;

    (void)state;
    read_otlp(&c, OTLP "TIMEOUT=2000", OTLP "METRICS_TIMEOUT=1500", NULL, NULL);
    assert_int_equal(c.config.output->http->timeout_ms, 1500);
    assert_int_equal(c.config.http.timeout_ms, 0); /* other outputs have sockpush's own */
    arena_free(&c.config.arena);
}

static void the_interval_yields_to_others(void **state)
{
    static const struct {
        const char *to, *other;
        int64_t ms;
        const char *from;
    } row[] = {
        {"SOCKPUSH_TO=otlp", NULL, 5000, "OTEL_METRIC_EXPORT_INTERVAL"},
        {"SOCKPUSH_TO=otlp+http://a", NULL, 5000, "OTEL_METRIC_EXPORT_INTERVAL"},
        {"SOCKPUSH_TO=otlp", "SOCKPUSH_INTERVAL=10s", 10000, "SOCKPUSH_INTERVAL"},
        {"SOCKPUSH_TO=otlp", "ENV_INPUT_NETSTAT_INTERVAL=7s", 7000, "ENV_INPUT_NETSTAT_INTERVAL"},
        {"SOCKPUSH_TO=prometheus+http://a", NULL, 10000, "SOCKPUSH_INTERVAL"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;

        CONFIG_OF(&c, NULL, "OTEL_METRIC_EXPORT_INTERVAL=5000", row[i].to, row[i].other);
        assert_row(!c.logged.n && c.config.v.interval_ms == row[i].ms, row[i].to);
        assert_string_equal(c.config.interval_from, row[i].from);
        arena_free(&c.config.arena);
    }
}

/* Ours is refused where a format's times are no finer; another program's is raised. */
static void the_interval_is_not_below_a_formats_unit(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=graphite+tcp://h:1,otlp", "OTEL_METRIC_EXPORT_INTERVAL=500");
    assert_true(!c.logged.diag.errors && logged_has(&c.logged, LOG_WARN, "OTEL_METRIC_EXPORT_INTERVAL", "1s or more"));
    assert_int_equal(c.config.v.interval_ms, 1000);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=graphite+tcp://h:1,otlp", "SOCKPUSH_INTERVAL=500ms");
    assert_int_equal(c.logged.diag.errors, 1);
    arena_free(&c.config.arena);
}

/* Returns true if the resource is one of these attributes; NULL ends them. */
static bool resource_is(const struct http_settings *http, const char *const *pairs)
{
    struct tag tag[8];
    struct tags tags = {.tag = tag};
    char bytes[RESOURCE_MAX];
    struct buf b = {.data = bytes, .cap = sizeof bytes};

    for (; pairs[0]; pairs += 2)
        tag[tags.n++] = (struct tag){pairs[0], pairs[1]};
    otlp_put_resource(&b, &tags);
    return b.len == http->resource_len && !memcmp(bytes, http->resource, b.len);
}

static void the_resource_is_what_the_variables_name(void **state)
{
    static const struct {
        const char *a, *b;
        const char *pairs[13]; /* sorted */
    } row[] = {
        {NULL, NULL, {"host.name", "box", "service.instance.id", "box", "service.name", "sockpush"}},
        {"SOCKPUSH_HOST=-", NULL, {"service.name", "sockpush"}},
        {"SOCKPUSH_HOST=h", NULL, {"host.name", "h", "service.instance.id", "h", "service.name", "sockpush"}},
        {"OTEL_SERVICE_NAME=web", NULL, {"host.name", "box", "service.instance.id", "box", "service.name", "web"}},
        {"OTEL_RESOURCE_ATTRIBUTES=service.name=x,k8s.pod.name=p%2C%20q,host.name=n",
         NULL,
         {"host.name", "n", "k8s.pod.name", "p, q", "service.instance.id", "box", "service.name", "x"}},
        {"OTEL_RESOURCE_ATTRIBUTES=service.name=x,service.instance.id=%ff1",
         "OTEL_SERVICE_NAME=y",
         {"host.name", "box", "service.instance.id", "_1", "service.name", "y"}},
        {"OTEL_RESOURCE_ATTRIBUTES=a%3Db=%3D",
         NULL,
         {"a=b", "=", "host.name", "box", "service.instance.id", "box", "service.name", "sockpush"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;

        CONFIG_OF(&c, "box", "SOCKPUSH_TO=otlp,otlp+http://b", row[i].a ? row[i].a : "SOCKPUSH_TAGS=a=b", row[i].b);
        assert_row(!c.logged.n, row[i].a);
        assert_row(resource_is(c.config.output[0].http, row[i].pairs), row[i].a);
        assert_row(resource_is(c.config.output[1].http, row[i].pairs), row[i].a);
        arena_free(&c.config.arena);
    }
}

static void a_resource_has_its_bound(void **state)
{
    static char text[RESOURCE_MAX + 100] = "OTEL_RESOURCE_ATTRIBUTES=";
    static const char *const own[] = {"service.name", "sockpush", NULL};
    struct read_config c;

    (void)state;
    for (int i = 0; i < 10; i++) {
        sprintf(text + strlen(text), "%sk%d=", i ? "," : "", i);
        memset(text + strlen(text), 'x', RESOURCE_MAX / 10);
    }
    read_otlp(&c, text, "SOCKPUSH_HOST=-", NULL, NULL);
    assert_true(!c.logged.diag.errors && logged_has(&c.logged, LOG_WARN, "OTEL_RESOURCE_ATTRIBUTES", "4096 bytes"));
    assert_true(resource_is(c.config.output->http, own));
    arena_free(&c.config.arena);
}

static void otlp_is_one_of_several_outputs(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=udp://a, OTLP ,b:4318,tcp://c:1,otlp:1", OTLP "ENDPOINT=http://o:4318");
    assert_int_equal(c.logged.n, 0);
    assert_string_equal(outputs_of(&c), "udp://a:8125 http://o:4318/v1/metrics,b:4318 tcp://c:1,otlp:1");
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=otlp,otlp");
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_TO", "the same output twice"));
    arena_free(&c.config.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_endpoint_follows_the_specification),
        cmocka_unit_test(https_is_an_endpoint_on_port_443),
        cmocka_unit_test(a_bad_endpoint_is_ignored_with_a_warning),
        cmocka_unit_test(without_otlp_in_sockpush_to_they_change_nothing),
        cmocka_unit_test(headers_go_to_that_output_alone),
        cmocka_unit_test(headers_add_to_those_of_sockpush_which_win),
        cmocka_unit_test(too_many_headers_are_ignored),
        cmocka_unit_test(certificates_of_sockpush_win),
        cmocka_unit_test(bad_values_are_ignored_with_a_warning),
        cmocka_unit_test(no_key_is_shown),
        cmocka_unit_test(quotes_around_a_value_are_warned_about),
        cmocka_unit_test(other_protocols_are_refused),
        cmocka_unit_test(a_grpc_port_is_warned_about),
        cmocka_unit_test(the_timeout_is_the_specific_one),
        cmocka_unit_test(the_interval_yields_to_others),
        cmocka_unit_test(the_interval_is_not_below_a_formats_unit),
        cmocka_unit_test(the_resource_is_what_the_variables_name),
        cmocka_unit_test(a_resource_has_its_bound),
        cmocka_unit_test(otlp_is_one_of_several_outputs),
    };

    return cmocka_run_group_tests_name("otel", tests, NULL, NULL);
}
