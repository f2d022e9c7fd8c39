/* Where applications' lines are taken: SOCKPUSH_LISTEN. */
#include <string.h>
#include <strings.h>

#include "config/config.h"

#define STATSD_PORT 8125

/* Makes *item of the text. Returns NULL, or the error. */
static const char *make_item(struct config *c, const char *text, size_t len, struct listen_item *item)
{
    static const char accepted[] = "accepted are udp://HOST:PORT, unix:///PATH and unixstream:///PATH";
    struct url url;
    const char *why = url_parse(text, len, &c->arena, &url);

    if (len && (url.format || !url.scheme))
        return accepted;
    if (why)
        return why;
    *item = (struct listen_item){.host = url.host, .port = url.port ? url.port : STATSD_PORT, .path = url.path};
    if (!strcmp(url.scheme, "udp"))
        item->kind = LISTEN_UDP;
    else if (!strcmp(url.scheme, "unix") || !strcmp(url.scheme, "unixgram"))
        item->kind = LISTEN_UNIX;
    else if (!strcmp(url.scheme, "unixstream"))
        item->kind = LISTEN_UNIXSTREAM;
    else
        return accepted;
    if (item->kind == LISTEN_UDP && url.path)
        return "udp:// takes no path, query or fragment";
    item->name = arena_text(&c->arena, text, len);
    return NULL;
}

/* Reports outputs of a format that has no form for an application's lines. */
static void check_formats(const struct config *c, struct diag *d)
{
    for (int i = 0; i < c->n_outputs; i++)
        if (!c->output[i].format->metric && !c->output[i].format->relays)
            diag_error(d, "SOCKPUSH_LISTEN", "the output %s has the format %s, which takes no lines of applications",
                       c->output[i].name, c->output[i].format->name);
}

void config_read_listen(struct config *c, struct diag *d)
{
    const char *list = c->v.listen, *item, *why;
    size_t len;

    while ((item = url_next(&list, &len))) {
        if (c->n_listen == LISTEN_MAX) {
            diag_error(d, "SOCKPUSH_LISTEN", "more than %d addresses", LISTEN_MAX);
            break;
        }
        why = make_item(c, item, len, &c->listen[c->n_listen]);
        if (why)
            diag_error(d, "SOCKPUSH_LISTEN", "\"%.*s\": %s", len < 100 ? (int)len : 100, item, why);
        c->n_listen += !why;
    }
    if (c->v.listen)
        check_formats(c, d);
    else if (c->off && !c->v.pods)
        diag_error(d, "SOCKPUSH_BACKEND",
                   "off: nothing would be pushed; accepted with SOCKPUSH_LISTEN or SOCKPUSH_PODS");
}
