/* Destinations: SOCKPUSH_TO, else Datadog's and StatsD's names, else the default. */
#include <string.h>
#include <strings.h>

#include "base/format.h"
#include "base/value.h"
#include "config/endpoint.h"
#include "config/foreign.h"
#include "output/secrets.h"

static const char *add_output(struct config *c, const struct url *url)
{
    struct endpoint endpoint;
    const char *why = endpoint_make(url, encoders[c->v.format], c->format_set, &c->arena, &endpoint);

    if (why)
        return why;
    if (c->n_outputs == OUTPUTS_MAX)
        return arena_format(&c->arena, "more than %d outputs", OUTPUTS_MAX);
    endpoint.tls = &c->tls;
    endpoint.http = &c->http;
    c->output[c->n_outputs++] = endpoint;
    return NULL;
}

/* Adds the output that OTEL_EXPORTER_OTLP_* name. Returns NULL, or the error. */
static const char *add_otlp(struct config *c, env_list env, struct diag *d)
{
    struct endpoint *endpoint = &c->output[c->n_outputs];
    struct url url;
    const char *why;

    config_otel_url(c, env, d, &url);
    why = add_output(c, &url);
    if (why)
        return why;
    endpoint->tls = &c->otel.tls;
    endpoint->http = &c->otel.http;
    c->otel.output = endpoint;
    return NULL;
}

/* Adds a host without a transport: a fail-over of the output before it. Returns NULL, or the error. */
static const char *add_failover(struct config *c, const struct url *url)
{
    struct endpoint *endpoint = &c->output[c->n_outputs - 1];
    const char *why;

    if (!transport_fails_over(endpoint->transport))
        return arena_format(&c->arena,
                            "a host without a transport is a fail-over of the output before it, which %s cannot have",
                            endpoint->transport->scheme);
    why = endpoint_add_target(endpoint, url, &c->arena);
    endpoint->name = endpoint_canonical(endpoint, &c->arena);
    return why;
}

static const char *add_url(struct config *c, const char *text, size_t len)
{
    struct url url;
    const char *why = url_parse(text, len, &c->arena, &url);

    if (why)
        return why;
    return !url.scheme && c->n_outputs ? add_failover(c, &url) : add_output(c, &url);
}

/* Adds the output udp://HOST[:PORT]; port is the value of variable port_name, or NULL. Returns NULL, or the error. */
static const char *add_host(struct config *c, const char *text, const char *port, const char *port_name, struct diag *d)
{
    struct url url;
    const char *why = url_parse_host(text, &c->arena, &url);
    int64_t number;

    if (why)
        return why;
    url.scheme = "udp";
    if (port && !url.port) {
        if (value_count(port, &number) && number >= 1 && number <= 65535) {
            url.port = (uint16_t)number;
            c->to_port_from = port_name;
        } else {
            diag_warn(d, port_name, "\"%.60s\" is not a port and is ignored", port);
        }
    }
    return add_output(c, &url);
}

static const char *try_foreign(struct config *c, env_list env, const char *name, const char *text, struct diag *d)
{
    if (!strcmp(name, "DD_DOGSTATSD_URL") || strchr(text, '/'))
        return add_url(c, text, strlen(text));
    if (!strcmp(name, "DD_AGENT_HOST"))
        return add_host(c, text, env_get(env, "DD_DOGSTATSD_PORT", &c->arena), "DD_DOGSTATSD_PORT", d);
    if (!strcmp(name, "STATSD_HOST"))
        return add_host(c, text, env_get(env, "STATSD_PORT", &c->arena), "STATSD_PORT", d);
    return add_host(c, text, NULL, NULL, d);
}

/* Returns the format for a destination from this variable: datadog for DD_*, unless SOCKPUSH_FORMAT is set. */
static int64_t format_for(const char *name, bool format_set, int64_t otherwise)
{
    int64_t i = 0;

    if (format_set || strncmp(name, "DD_", 3))
        return otherwise;
    while (encoders[i] != &encoder_datadog)
        i++;
    return i;
}

/* Adds the output of the first foreign variable that is valid, and warns of invalid ones. Returns false if none is. */
static bool read_foreign(struct config *c, env_list env, struct diag *d)
{
    static const char of[] = "SOCKPUSH_TO";
    int64_t format = c->v.format;

    for (const struct foreign *f = foreign_next(foreign, of); *f->name; f = foreign_next(f + 1, of)) {
        const char *text = env_get(env, f->name, &c->arena), *why;

        if (!text)
            continue;
        c->v.format = format_for(f->name, c->format_set, format);
        c->to_port_from = NULL;
        why = try_foreign(c, env, f->name, text, d);
        if (!why) {
            c->to_from = f->name;
            return true;
        }
        diag_warn(d, f->name, "\"%.60s\" is ignored: %s", secrets_mask_url(text, strlen(text), &c->arena), why);
    }
    c->v.format = format;
    return false;
}

static bool same_path(const struct endpoint *a, const struct endpoint *b)
{
    return !a->path || !b->path || !strcmp(a->path, b->path);
}

/* Reports outputs that are the same, and numbers those that differ only in masked parts. */
static void check_twice(struct config *c, struct diag *d)
{
    for (int i = c->n_outputs - 1; i > 0; i--) { /* the last one first, because a number changes the name */
        int number = 1;

        for (int k = 0; k < i; k++) {
            if (strcmp(c->output[i].name, c->output[k].name))
                continue;
            if (same_path(&c->output[i], &c->output[k]))
                diag_error(d, "SOCKPUSH_TO", "\"%.150s\": the same output twice", c->output[i].name);
            number++;
        }
        if (number > 1)
            c->output[i].name = arena_format(&c->arena, "%s#%d", c->output[i].name, number);
    }
}

/* Returns why, with a corrected URL where one can be guessed. */
static const char *with_guess(const char *why, const char *item, size_t len, struct arena *a)
{
    const char *guess = url_guess(item, len, a);
    struct url url;

    if (!guess)
        return memchr(item, ' ', len) && !memchr(item, '?', len) ? "a blank in it: commas separate outputs" : why;
    if (url_parse(item, len, a, &url) || !url.scheme)
        why = "not a URL"; /* the parser's reason would mislead */
    return arena_format(a, "%s; did you mean \"%.150s\"?", why, secrets_mask_url(guess, strlen(guess), a));
}

/* Returns true if the item was cut at a comma in a password: in rest, an '@' comes before the next URL or path. */
static bool is_cut_secret(const char *rest)
{
    const char *item;
    size_t len;

    while ((item = url_next(&rest, &len))) {
        const char *at = memchr(item, '@', len), *slash = memchr(item, '/', len);

        if (at && (!slash || at < slash))
            return true;
        if (slash)
            return false;
    }
    return false;
}

void config_read_outputs(struct config *c, env_list env, struct diag *d)
{
    const char *list = c->v.to, *item, *masked = "", *why, *shown;
    const struct encoder *format = encoders[c->v.format];
    size_t len;
    int wrong = 0, items = 0;
    bool secret, otlp;

    c->to_from = "SOCKPUSH_TO";
    c->format_set = env_get(env, "SOCKPUSH_FORMAT", &c->arena);
    c->mtu_set = env_get(env, "SOCKPUSH_MTU", &c->arena);
    if (!list && read_foreign(c, env, d))
        return;
    if (!list) {
        list = format->only_stdout ? "stdout:"
               : format->post      ? arena_format(&c->arena, "http://127.0.0.1:%u", format->port)
                                   : "udp://127.0.0.1";
        c->to_from = "default";
        c->to_port_from = NULL;
    }
    while ((item = url_next(&list, &len))) {
        if (++items > OUTPUTS_MAX * TARGETS_MAX) {
            diag_error(d, "SOCKPUSH_TO", "more than %d outputs with %d hosts each", OUTPUTS_MAX, TARGETS_MAX);
            break;
        }
        secret = is_cut_secret(list);
        shown = secret ? SECRET_MASK : secrets_mask_url(item, len, &c->arena);
        otlp = len == 4 && !strncasecmp(item, "otlp", len);
        why = otlp ? add_otlp(c, env, d) : add_url(c, item, len);
        /* An item without a scheme that is not the first was meant as a host of the output before it. */
        if (why && ++wrong <= OUTPUTS_MAX)
            diag_error(
                d, "SOCKPUSH_TO", "\"%.150s\": %s", shown,
                secret || otlp || (items > 1 && !memchr(item, '/', len)) ? why : with_guess(why, item, len, &c->arena));
        masked = arena_format(&c->arena, "%s%s%s", masked, *masked ? "," : "", shown);
    }
    c->to_shown = masked;
    check_twice(c, d);
}
