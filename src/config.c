#include "config.h"

#include <string.h>

#include "value.h"

#define PREFIX_MAX 200

/* A copy of d for a variable of another program's, whose errors only warn. */
static struct diag foreign(const struct diag *d)
{
    struct diag copy = *d;

    copy.foreign = true;
    return copy;
}

/* DataKit's own bounds. */
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
        diag_warn(d, name, "\"%.60s\" is brought into DataKit's range, 1s to 60s", text);
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

    while (len && text[len - 1] == '.')
        len--;
    if (len > PREFIX_MAX && c->v.prefix)
        diag_error(d, "SOCKPUSH_PREFIX", "\"%.60s…\": accepted are up to %d bytes", text, PREFIX_MAX);
    else if (len > PREFIX_MAX)
        diag_warn(d, "STATSD_PREFIX", "longer than %d bytes and ignored", PREFIX_MAX);
    c->v.prefix = arena_text(&c->arena, text ? text : "", len > PREFIX_MAX ? 0 : len);
}

/* "/proc/" is "/proc". */
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

void config_read(struct config *c, env_list env, const char *host_name, struct diag *d)
{
    memset(c, 0, sizeof *c);
    variables_read(env, &c->v, &c->arena, d);
    read_interval(c, env, d);
    read_prefix(c, env, d);
    read_proc(c, env, d);
    read_ports(c, env, d);
    config_read_tags(c, env, host_name, d);
    config_read_outputs(c, env, d);
}

void config_free(struct config *c)
{
    arena_free(&c->arena);
}
