#include "config/config.h"

#include <string.h>
#include <strings.h>

#include "base/format.h"
#include "base/value.h"
#include "count/backend.h"
#include "platform.h"

#define PREFIX_MAX 200

#define OTLP_GRPC_PORT 4317 /* opentelemetry.io/docs/specs/otlp, OTLP/gRPC default port */
#define LEFT_OUT_MAX   150

/* Returns a copy of d that reports errors as warnings, for another program's variable. */
static struct diag foreign(const struct diag *d)
{
    struct diag copy = *d;

    copy.foreign = true;
    return copy;
}

/* Clamps DataKit's interval to 1s … 60s, as DataKit does. */
static void read_interval(struct config *c, env_list env, struct diag *d)
{
    static const char name[] = "ENV_INPUT_NETSTAT_INTERVAL";
    const char *text = env_get(env, name, &c->arena);
    int64_t ms;

    c->interval_from = "SOCKPUSH_INTERVAL";
    if (env_get(env, "SOCKPUSH_INTERVAL", &c->arena) || !text)
        return;
    if (!value_duration_ms(text, &ms)) {
        diag_warn(d, name, "\"%.60s\" is not a duration with its unit (10s) and is ignored", text);
        return;
    }
    if (ms < 1000 || ms > 60000)
        diag_warn(d, name, "\"%.60s\" is clamped to DataKit's range, 1s to 60s", text);
    c->v.interval_ms = ms < 1000 ? 1000 : ms > 60000 ? 60000 : ms;
    c->interval_from = name;
}

static void read_ports(struct config *c, env_list env, struct diag *d)
{
    static const char name[] = "ENV_INPUT_NETSTAT_ADDR_PORTS";
    struct diag soft = foreign(d);

    c->ports_from = "SOCKPUSH_PORTS";
    if (!c->v.ports && (c->v.ports = env_get(env, name, &c->arena)))
        c->ports_from = name;
    if (c->ports_from == name)
        rules_parse(c->v.ports, true, name, &c->arena, &soft, &c->rules);
    else
        rules_parse(c->v.ports ? c->v.ports : "", false, "SOCKPUSH_PORTS", &c->arena, d, &c->rules);
}

static void read_prefix(struct config *c, env_list env, struct diag *d)
{
    const char *text = c->v.prefix ? c->v.prefix : env_get(env, "STATSD_PREFIX", &c->arena);
    size_t len = text ? strlen(text) : 0;

    c->prefix_from = !c->v.prefix && text ? "STATSD_PREFIX" : "SOCKPUSH_PREFIX";
    while (len && text[len - 1] == '.')
        len--;
    if (len > PREFIX_MAX && c->v.prefix)
        diag_error(d, "SOCKPUSH_PREFIX", "\"%.60s…\": accepted are up to %d bytes", text, PREFIX_MAX);
    else if (len > PREFIX_MAX)
        diag_warn(d, "STATSD_PREFIX", "longer than %d bytes and ignored", PREFIX_MAX);
    c->v.prefix = arena_text(&c->arena, text ? text : "", len > PREFIX_MAX ? 0 : len);
}

/* Reads where procfs is mounted, without slashes at the end. */
static void read_proc(struct config *c, env_list env, struct diag *d)
{
    const char *text = c->v.proc;
    size_t len;

    if (!text) {
        c->v.proc = "/proc";
        text = env_get(env, "HOST_PROC", &c->arena);
        if (!text)
            return;
    }
    for (len = strlen(text); len > 1 && text[len - 1] == '/';)
        len--;
    if (*text != '/' || len > 1000) {
        if (text == c->v.proc)
            diag_error(d, "SOCKPUSH_PROC", "\"%.60s\": accepted is the absolute path of a mounted procfs", text);
        else
            diag_warn(d, "HOST_PROC", "\"%.60s\" is not the absolute path of a mounted procfs and is ignored", text);
        return;
    }
    if (text == c->v.proc)
        c->v.proc = arena_text(&c->arena, text, len);
    else
        c->proc_foreign = arena_text(&c->arena, text, len);
}

/* Reads where a service reports to (sd_notify(3)), and how often it has to (sd_watchdog_enabled(3)). */
static void read_notify(struct config *c, env_list env, struct diag *d)
{
    const char *path = env_get(env, "NOTIFY_SOCKET", &c->arena), *time = env_get(env, "WATCHDOG_USEC", &c->arena);

    if (path && *path != '/' && *path != '@')
        diag_warn(d, "NOTIFY_SOCKET", "\"%.60s\" is neither an absolute path nor @NAME and is ignored", path);
    else
        c->notify = path;
    if (time && !value_count(time, &c->watchdog_us))
        c->watchdog_us = 0;
}

/* Refuses an interval below the unit of the output's times. One by another program's variable is raised to it. */
static void check_interval(struct config *c, const struct endpoint *endpoint, struct diag *d)
{
    int64_t unit_ms = endpoint_unit_ms(endpoint);
    bool ours = !strcmp(c->interval_from, "SOCKPUSH_INTERVAL");
    struct diag soft = foreign(d);

    if (c->v.interval_ms >= unit_ms)
        return;
    diag_error(ours ? d : &soft, c->interval_from,
               "%lldms: accepted is %llds or more with %s, whose times are no finer", (long long)c->v.interval_ms,
               (long long)(unit_ms / 1000), endpoint->unit ? endpoint->name : endpoint->format->name);
    if (!ours)
        c->v.interval_ms = unit_ms;
}

/* Returns the tags that any series may have, merged. */
static struct tags all_tags(struct config *c)
{
    size_t n = c->n_tags + (size_t)c->rules.n_groups;
    struct tags *list = arena_zero(&c->arena, n + 1, sizeof *list);

    memcpy(list, c->tags, c->n_tags * sizeof *list);
    for (int i = 0; i < c->rules.n_groups; i++)
        list[c->n_tags + (size_t)i] = c->rules.group_tags[i];
    return tags_merge(list, n, &c->arena);
}

/* Warns which tags statsd leaves out. */
static void warn_left_out(struct config *c, const struct tags *all, struct diag *d)
{
    const char *keys = "";

    for (size_t i = 0; i < all->n; i++) {
        if (strlen(keys) > LEFT_OUT_MAX) {
            keys = arena_format(&c->arena, "%s and %zu more", keys, all->n - i);
            break;
        }
        if (strcmp(all->tag[i].key, "host"))
            keys = arena_format(&c->arena, "%s%s%.40s", keys, *keys ? ", " : "", all->tag[i].key);
    }
    if (*keys)
        diag_warn(d, NULL, "format statsd has no tags; left out: %s", keys);
}

/* Reports outputs whose names fold alike: without tags they would share one series. */
static void check_alike(const struct config *c, struct diag *d)
{
    for (int i = 0; i < c->n_outputs; i++)
        for (int k = 0; k < i; k++)
            if (name_alike(c->output[i].name, c->output[k].name))
                diag_error(d, "SOCKPUSH_TO", "%s and %s have one name in statsd", c->output[k].name, c->output[i].name);
}

/* Reports tags that are left out, because another tag becomes the same label. */
static void check_labels(const struct tags *all, struct diag *d)
{
    static const char own[][11] = {"__name__", "addr_port", "backend", "ip_version", "output"};

    for (size_t i = 0; i < all->n; i++) {
        const char *key = all->tag[i].key;

        for (size_t k = 0; k < sizeof own / sizeof *own; k++)
            if (label_alike(key, own[k]))
                diag_warn(d, NULL, "tag %s is left out of prometheus: it would become the label %s", key, own[k]);
        for (size_t k = 0; k < i; k++)
            if (label_alike(key, all->tag[k].key))
                diag_warn(d, NULL, "tags %s and %s become the same label of prometheus: only one is sent",
                          all->tag[k].key, key);
    }
}

static void check_formats(struct config *c, struct diag *d)
{
    const struct tags all = all_tags(c);
    bool folded = false;

    for (int i = 0; i < c->n_outputs; i++) {
        const struct encoder *format = c->output[i].format;

        check_interval(c, &c->output[i], d);
        if (c->format_set && format == encoders[c->v.format] && c->output[i].transport->format &&
            c->output[i].transport->format != format && !format->post)
            diag_warn(d, NULL, "%s pushes %s: its receivers usually read %s", c->output[i].name, format->name,
                      c->output[i].transport->format->name);
        for (int t = 0; format == &encoder_otlp && t < c->output[i].n_targets; t++)
            if (c->output[i].target[t].port == OTLP_GRPC_PORT)
                diag_warn(d, NULL, "%s: port %d usually speaks gRPC; OTLP over HTTP has port %u", c->output[i].name,
                          OTLP_GRPC_PORT, format->port);
        folded |= format->folds_tags;
        if (format == &encoder_otlp && tags_find(&all, "__name__"))
            diag_warn(d, NULL, "tag __name__ is left out of otlp: receivers take it for the metric's name");
        if (format == &encoder_prometheus)
            check_labels(&all, d);
        for (size_t k = 0; *format->renamed && k < all.n; k++)
            if (!key_end(&all, all.tag[k].key, format->renamed))
                diag_warn(d, NULL, "tag %s is left out of %s: it would become %s, which exists, too", all.tag[k].key,
                          format->name, format->renamed);
    }
    if (folded) {
        warn_left_out(c, &all, d);
        if (c->v.self)
            check_alike(c, d);
    }
}

static const char *path_after(const char *text, const char *word)
{
    size_t len = strlen(word);

    return !strncasecmp(text, word, len) && text[len] ? text + len : NULL;
}

static void read_backend(struct config *c, struct diag *d)
{
    const char *text = c->v.backend, *accepted = "auto";

    if (!text || !strcasecmp(text, "auto"))
        return;
    c->off = !strcasecmp(text, "off");
    if (c->off)
        return;
    c->record = path_after(text, "record:");
    c->replay = path_after(text, "replay:");
    if (c->replay)
        c->v.pid = false; /* owners can be looked up on this machine only */
    for (const struct backend *const *b = platform_backends; *b; b++) {
        accepted = arena_format(&c->arena, "%s, %s", accepted, (*b)->name);
        if (!strcasecmp(text, (*b)->name))
            c->backend = (*b)->name;
    }
    if (!c->backend && !c->record && !c->replay)
        diag_error(d, "SOCKPUSH_BACKEND", "\"%.60s\": accepted is: %s, record:PATH, replay:PATH, off", text, accepted);
}

void config_read(struct config *c, env_list env, const char *host_name, struct diag *d)
{
    memset(c, 0, sizeof *c);
    variables_read(env, &c->v, &c->arena, d);
    variables_check_texts(env, &c->arena, d);
    read_interval(c, env, d);
    read_prefix(c, env, d);
    read_proc(c, env, d);
    read_notify(c, env, d);
    read_backend(c, d);
    read_ports(c, env, d);
    config_read_tags(c, env, host_name, d);
    config_read_outputs(c, env, d);
    config_read_tls(c, env, d);
    config_read_http(c, d);
    config_read_otel(c, env, d);
    config_read_listen(c, d);
    config_read_pods(c, d);
    config_read_agent(c, env, d);
    config_read_user(c, d);
    check_formats(c, d);
}
