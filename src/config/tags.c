/* Tags of every series, from variables of sockpush, DataKit, Datadog and the downward API. */
#include <string.h>

#include "base/utf8.h"
#include "config/config.h"
#include "config/foreign.h"

static struct tags *next_list(struct config *c)
{
    return &c->tags[c->n_tags++];
}

static void parse_list(struct config *c, env_list env, const char *name, enum tag_syntax syntax, struct diag *d)
{
    struct tags *list = next_list(c);
    const char *text = env_get(env, name, &c->arena);

    if (text && tags_parse(text, syntax, name, &c->arena, d, list))
        *list = (struct tags){0};
}

static void add(struct config *c, env_list env, struct tags *list, const char *key, const char *name, struct diag *d)
{
    const char *text = env_get(env, name, &c->arena);

    if (text)
        tags_add(list, key, text, name, &c->arena, d);
}

static char *host(struct config *c, env_list env, char *host_name)
{
    static const char of[] = "SOCKPUSH_HOST";

    c->host_named = true;
    c->host_from = "SOCKPUSH_HOST";
    if (c->v.host)
        return strcmp(c->v.host, "-") ? arena_text(&c->arena, c->v.host, strlen(c->v.host)) : NULL;
    for (const struct foreign *f = foreign_next(foreign, of); *f->name; f = foreign_next(f + 1, of)) {
        char *text = env_get(env, f->name, &c->arena);

        c->host_from = f->name;
        if (text)
            return text;
    }
    c->host_named = false;
    c->host_from = "default";
    return host_name;
}

/* Returns "hostname" for DataKit's placeholders "__datakit_hostname" and "$datakit_hostname",
 * and so on for others, or NULL. */
static const char *placeholder(const char *value)
{
    if (value && !strncmp(value, "__datakit_", 10))
        return value + 10;
    return value && !strncmp(value, "$datakit_", 9) ? value + 9 : NULL;
}

/* Replaces the placeholder of the host name. Others, of an address or an id, are left out with a warning. */
static void resolve_placeholders(struct tags *list, const char *host_tag, struct diag *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->n; i++) {
        struct tag tag = list->tag[i];
        const char *name = placeholder(tag.value);

        if (name && (!host_tag || strcmp(name, "hostname"))) {
            diag_warn(d, "ENV_GLOBAL_HOST_TAGS", "%s=%.40s is not known here and is left out", tag.key, tag.value);
            continue;
        }
        if (name)
            tag.value = host_tag;
        list->tag[kept++] = tag;
    }
    list->n = kept;
}

/* Returns the system's host name as UTF-8, in HOST_TEXT_MAX bytes, or NULL. */
static char *system_name(struct config *c, const char *name, struct diag *d)
{
    char *text;

    if (!name || !*name)
        return NULL;
    text = arena_zero(&c->arena, HOST_TEXT_MAX, 1);
    strncpy(text, name, HOST_TEXT_MAX - 1);
    if (utf8_clean(text))
        diag_warn(d, "host name", "its bytes that are not UTF-8 become _");
    return text;
}

void config_read_tags(struct config *c, env_list env, const char *host_name, struct diag *d)
{
    struct diag soft = *d;
    char *name = host(c, env, system_name(c, host_name, d));
    struct tags *list;

    soft.foreign = true;
    parse_list(c, env, "SOCKPUSH_TAGS", TAGS_EQUALS, d);
    parse_list(c, env, "ENV_INPUT_NETSTAT_TAGS", TAGS_EQUALS, &soft);
    list = next_list(c);
    add(c, env, list, "env", "DD_ENV", &soft);
    add(c, env, list, "service", "DD_SERVICE", &soft);
    add(c, env, list, "version", "DD_VERSION", &soft);
    parse_list(c, env, "DD_TAGS", TAGS_COLONS, &soft);
    list = &c->tags[c->n_tags];
    parse_list(c, env, "ENV_GLOBAL_HOST_TAGS", TAGS_EQUALS, &soft);
    resolve_placeholders(list, name, d);
    list = next_list(c);
    add(c, env, list, "pod_name", "POD_NAME", &soft);
    add(c, env, list, "namespace", "POD_NAMESPACE", &soft);
    list = next_list(c);
    if (!c->host_named)
        c->host_text = name;
    if (name)
        tags_add(list, "host", name, c->v.host ? "SOCKPUSH_HOST" : "host name", &c->arena, c->v.host ? d : &soft);
    c->v.host = name ? name : "-";
}
