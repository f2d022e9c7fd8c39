#include "unit/config/config_helper.h"

#include <stdio.h>

void config_of(struct read_config *c, const char *host_name, const char *const *list)
{
    logged_init(&c->logged);
    config_read(&c->config, list, host_name, &c->logged.diag);
    if (c->logged.n <= LOGGED_MAX)
        assert_int_equal(c->logged.diag.errors, logged_count(&c->logged, LOG_ERROR));
}

const char *outputs_of(const struct read_config *c)
{
    static char out[2048];
    size_t at = 0;

    out[0] = '\0';
    for (int i = 0; i < c->config.n_outputs; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s", i ? " " : "", c->config.output[i].name);
    return out;
}

const char *tags_of(struct read_config *c)
{
    static char out[2048];
    const struct tags merged = tags_merge(c->config.tags, c->config.n_tags, &c->config.arena);
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < merged.n; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s%s%s", i ? ";" : "", merged.tag[i].key,
                               merged.tag[i].value ? "=" : "", merged.tag[i].value ? merged.tag[i].value : "");
    return out;
}
