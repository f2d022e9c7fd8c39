/* OpenTelemetry's variables (opentelemetry.io/docs/specs/otel: protocol/exporter, and configuration/sdk-environment-
 * variables). OTEL_EXPORTER_OTLP_* set up the output SOCKPUSH_TO=otlp alone. A bad value is ignored with a warning,
 * except a protocol. */
#include <string.h>
#include <strings.h>

#include "base/format.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/value.h"
#include "config/config.h"
#include "encode/otlp.h"
#include "output/secrets.h"
#include "output/url.h"

#define TIMEOUT_MS 10000 /* the specification's default */
#define MS_MIN     100
#define MS_MAX     3600000

/* Returns NULL, or why this value is bad. */
typedef const char *check_fn(const char *text);

static const char *check_path(const char *text)
{
    return platform_is_path(text) ? NULL : "accepted is the absolute path of a PEM file";
}

/* Returns the good value of OTEL_EXPORTER_OTLP_METRICS_<what>, else of OTEL_EXPORTER_OTLP_<what>, else NULL. *name is
 * the variable. */
static char *get(struct config *c, env_list env, const char *what, check_fn *why_bad, const char **name, struct diag *d)
{
    for (int general = 0; general < 2; general++) {
        char *text;
        const char *why;

        *name = arena_format(&c->arena, "OTEL_EXPORTER_OTLP_%s%s", general ? "" : "METRICS_", what);
        text = env_get(env, *name, &c->arena);
        if (!text)
            continue;
        variables_check_text(env, *name, 0, &c->arena, d);
        why = why_bad ? why_bad(text) : NULL;
        if (!why)
            return text;
        /* In place of a path there may be a key. */
        if (why_bad == check_path)
            diag_warn(d, *name, "it is ignored: %s", why);
        else
            diag_warn(d, *name, "\"%.60s\" is ignored: %s", secrets_mask_url(text, strlen(text), &c->arena), why);
    }
    return NULL;
}

/* Notes for --check that this variable is heeded. */
static void heed(struct config *c, const char *name)
{
    c->otel.heeded = arena_format(&c->arena, "%s, %s", c->otel.heeded, name);
}

/* --- the endpoint ----------------------------------------------------------------------- */

static const char *check_endpoint(const char *text)
{
    struct arena a = {0};
    struct url url;
    const char *why = url_parse(text, strlen(text), &a, &url);
    bool http = !why && !url.format && url.scheme && (!strcmp(url.scheme, "http") || !strcmp(url.scheme, "https"));

    arena_free(&a);
    for (; *text; text++)
        http &= *text > ' ' && *text < 0x7f && *text != '#';
    return http ? NULL : "accepted are http://HOST:PORT and https://HOST:PORT";
}

void config_otel_url(struct config *c, env_list env, struct diag *d, struct url *url)
{
    const char *name, *text = get(c, env, "ENDPOINT", check_endpoint, &name, d);

    c->otel.heeded = "";
    c->otel.from = text ? name : "default";
    if (!text)
        text = "http://localhost:4318";
    url_parse(text, strlen(text), &c->arena, url);
    url->format = encoder_otlp.name;
    url->whole = strstr(name, "METRICS");
    if (!url->whole) {
        const char *path = url->path ? url->path : "";
        size_t len = text_until(path, "?");

        url->path = arena_format(&c->arena, "%.*s/v1/metrics%s", (int)(len && path[len - 1] == '/' ? len - 1 : len),
                                 path, path + len);
    }
}

/* --- the rest of the exporter -------------------------------------------------------------- */

static const char *check_plain(const char *text)
{
    return strcasecmp(text, "none") ? "requests are sent uncompressed" : NULL;
}

static const char *check_cumulative(const char *text)
{
    return strcasecmp(text, "cumulative") ? "sums are cumulative; SOCKPUSH_SELF=off leaves them out" : NULL;
}

static const char *check_ms(const char *text)
{
    int64_t ms;

    return value_count(text, &ms) && ms >= MS_MIN && ms <= MS_MAX ? NULL : "accepted are 100 to 3600000 milliseconds";
}

/* Refuses other protocols. Ignoring one would send requests to a port that speaks it. */
static void check_protocol(struct config *c, env_list env, struct diag *d)
{
    const char *name, *text = get(c, env, "PROTOCOL", NULL, &name, d);

    if (text && strcasecmp(text, "http/protobuf"))
        diag_error(d, name,
                   "\"%.40s\": accepted is http/protobuf; or name the receiver: SOCKPUSH_TO=otlp+http://HOST:4318",
                   text);
}

static void read_certificates(struct config *c, env_list env, struct diag *d)
{
    struct tls_settings *tls = &c->otel.tls;
    const char *cert_name, *name;

    *tls = c->tls;
    if (!tls->ca && (tls->ca = get(c, env, "CERTIFICATE", check_path, &name, d)))
        heed(c, name);
    if (tls->cert)
        return;
    tls->cert = get(c, env, "CLIENT_CERTIFICATE", check_path, &cert_name, d);
    tls->key = get(c, env, "CLIENT_KEY", check_path, &name, d);
    if (tls->cert && tls->key) {
        heed(c, cert_name);
        heed(c, name);
    } else if (tls->cert || tls->key) {
        diag_warn(d, name, "certificate and key are ignored: one of them is missing");
        tls->cert = tls->key = NULL;
    }
}

static void read_headers(struct config *c, env_list env, struct diag *d)
{
    const char *name, *list = get(c, env, "HEADERS", NULL, &name, d);

    c->otel.http = c->http;
    config_add_headers(c, &c->otel.http, list, name, d);
    if (strlen(c->otel.http.headers) > HTTP_HEADERS_MAX) {
        diag_error(d, name, "it is ignored: accepted are %d bytes of headers", HTTP_HEADERS_MAX);
        c->otel.http = c->http;
    }
    if (c->otel.http.headers != c->http.headers)
        heed(c, name);
}

static void read_exporter(struct config *c, env_list env, struct diag *d)
{
    const char *name, *text;
    int64_t ms = TIMEOUT_MS;
    struct diag soft = *d;

    soft.foreign = true;
    check_protocol(c, env, d);
    read_certificates(c, env, d);
    read_headers(c, env, &soft);
    get(c, env, "COMPRESSION", check_plain, &name, d);
    get(c, env, "TEMPORALITY_PREFERENCE", check_cumulative, &name, d);
    if ((text = get(c, env, "TIMEOUT", check_ms, &name, d))) {
        value_count(text, &ms);
        heed(c, name);
    }
    c->otel.http.timeout_ms = (unsigned)ms;
}

/* --- the resource and the interval ----------------------------------------------------------- */

/* Percent-decodes the attributes. Returns false if one is broken; the specification then discards all. */
static bool decode(struct tags *attributes)
{
    for (size_t i = 0; i < attributes->n; i++) {
        char *key = (char *)attributes->tag[i].key, *value = (char *)attributes->tag[i].value; /* copies in the arena */

        if (!value || !url_decode(key) || !url_decode(value))
            return false;
        utf8_clean(key);
        utf8_clean(value);
    }
    return true;
}

/* Encodes the resource: what the variables name, else this program and its host. */
static void read_resource(struct config *c, env_list env, struct diag *d)
{
    static const char name[] = "OTEL_RESOURCE_ATTRIBUTES", service_name[] = "OTEL_SERVICE_NAME";
    const char *text = env_get(env, name, &c->arena), *service = env_get(env, service_name, &c->arena);
    const struct tags all = tags_merge(c->tags, c->n_tags, &c->arena);
    const struct tag *host = tags_find(&all, "host");
    struct tag own[] = {{"service.name", "sockpush"}, {"service.instance.id", NULL}, {"host.name", NULL}};
    struct tags list[] = {{0}, {0}, {own, 1}}, merged;
    struct buf b = {.data = arena_zero(&c->arena, RESOURCE_MAX, 1), .cap = RESOURCE_MAX};

    if (host) {
        own[1].value = own[2].value = tag_text(host);
        list[2].n = 3;
    }
    if (service)
        tags_add(&list[0], own[0].key, service, service_name, &c->arena, d);
    if (text && (tags_parse(text, TAGS_EQUALS, name, &c->arena, d, &list[1]) || !decode(&list[1]))) {
        diag_warn(d, name, "it is ignored: accepted is key=value,key2=value2, percent-encoded");
        list[1].n = 0;
    }
    merged = tags_merge(list, 3, &c->arena);
    otlp_put_resource(&b, &merged);
    if (b.full) {
        diag_warn(d, name, "it is ignored: accepted are %d bytes", RESOURCE_MAX);
        buf_cut(&b, 0);
        list[1].n = 0;
        merged = tags_merge(list, 3, &c->arena);
        otlp_put_resource(&b, &merged);
    }
    c->http.resource = b.data;
    c->http.resource_len = b.len;
}

static void read_interval(struct config *c, env_list env, struct diag *d)
{
    static const char name[] = "OTEL_METRIC_EXPORT_INTERVAL", ours[] = "SOCKPUSH_INTERVAL";
    const char *text = env_get(env, name, &c->arena);

    if (!text || strcmp(c->interval_from, ours) || env_get(env, ours, &c->arena))
        return;
    if (check_ms(text)) {
        diag_warn(d, name, "\"%.60s\" is ignored: %s", text, check_ms(text));
        return;
    }
    value_count(text, &c->v.interval_ms);
    c->interval_from = name;
}

void config_read_otel(struct config *c, env_list env, struct diag *d)
{
    struct diag soft = *d;
    bool any = false;

    soft.foreign = true;
    for (int i = 0; i < c->n_outputs; i++)
        any |= c->output[i].format == &encoder_otlp;
    if (!any)
        return;
    read_resource(c, env, &soft);
    read_interval(c, env, d);
    if (c->otel.output)
        read_exporter(c, env, d);
}
