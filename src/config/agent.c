/* The origin of the points, for Datadog's agent: DD_*. Invalid values are ignored with a warning. */
#include <string.h>
#include <strings.h>

#include "base/value.h"
#include "config/config.h"

static bool any_for_agent(const struct config *c)
{
    for (int i = 0; i < c->n_outputs; i++)
        if (c->output[i].format->for_agent)
            return true;
    return false;
}

static bool detects(struct config *c, env_list env, struct diag *d)
{
    static const char name[] = "DD_ORIGIN_DETECTION_ENABLED";
    const char *text = env_get(env, name, &c->arena);
    int64_t on = 1;

    if (text && !value_bool(text, &on))
        diag_warn(d, name, "\"%.60s\" is neither true nor false and is ignored", text);
    return on;
}

static const char *cardinality(struct config *c, env_list env, struct diag *d)
{
    static const char name[] = "DD_CARDINALITY", known[][13] = {"none", "low", "orchestrator", "high"};
    const char *text = env_get(env, name, &c->arena);

    if (!text)
        return NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcasecmp(text, known[i]))
            return known[i];
    diag_warn(d, name, "\"%.60s\" is ignored: known are none, low, orchestrator, high", text);
    return NULL;
}

static const char *external(struct config *c, env_list env, struct diag *d)
{
    static const char name[] = "DD_EXTERNAL_ENV";
    const char *text = env_get(env, name, &c->arena);

    if (!text || strlen(text) <= TAG_VALUE_MAX)
        return text;
    diag_warn(d, name, "longer than %d bytes and ignored", TAG_VALUE_MAX);
    return NULL;
}

void config_read_agent(struct config *c, env_list env, struct diag *d)
{
    struct tags *entity = &c->agent_tags[c->n_tags];
    struct diag soft = *d;
    const char *id;

    c->for_agent = any_for_agent(c);
    if (!c->for_agent)
        return;
    soft.foreign = true;
    memcpy(c->agent_tags, c->tags, sizeof c->agent_tags);
    /* A tag "host" would replace the host name that the agent adds. */
    if (!c->host_named)
        c->agent_tags[c->n_tags - 1] = (struct tags){0};
    id = env_get(env, "DD_ENTITY_ID", &c->arena);
    if (id)
        tags_add(entity, "dd.internal.entity_id", id, "DD_ENTITY_ID", &c->arena, &soft);
    c->origin.detected = detects(c, env, d);
    c->origin.external = c->origin.detected ? external(c, env, d) : NULL;
    c->origin.cardinality = cardinality(c, env, d);
}
