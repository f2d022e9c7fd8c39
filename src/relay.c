/* The program's relay: what applications send is taken, and pushed with the counts. */
#include <errno.h>

#include "base/format.h"
#include "base/log.h"
#include "output/limits.h"
#include "program.h"

static bool has_port(const struct listener *l, uint16_t port)
{
    for (int i = 0; i < l->n_items; i++)
        if (l->items[i].kind == LISTEN_UDP && l->items[i].port == port)
            return true;
    return false;
}

/* Returns the listener that gets what this output sends, or NULL. A host that needs no look-up, or has it at hand, is
 * found; another one has a moment. */
static const struct listen_item *leads_back(const struct listener *l, const struct endpoint *endpoint)
{
    const struct target *target = endpoint->target;
    const struct listen_item *item = NULL;
    struct net_addr addr[LISTEN_ADDRESSES];
    int n;

    if (endpoint->transport != &output_udp || !has_port(l, target->port))
        return NULL;
    n = net_resolve(target->host, target->port, addr, LISTEN_ADDRESSES, RESOLVE_AGAIN_MS);
    for (int i = 0; i < n && !item; i++)
        item = listener_at(l, &addr[i], target->port);
    return item;
}

int program_listen(struct program *p)
{
    struct config *c = &p->config;
    const struct listen_item *item;
    int ret;

    if (!c->n_listen)
        return 0;
    ret = listener_init(&p->listener, c->listen, c->n_listen, &p->metrics, RESOLVE_FIRST_MS, &c->arena);
    for (int i = 0; i < c->n_outputs && !ret; i++) {
        item = leads_back(&p->listener, &c->output[i]);
        if (!item)
            continue;
        log_event(LOG_ERROR, "variable", "SOCKPUSH_LISTEN",
                  "\"%s\": the output %s, set by %s, leads there: what is pushed would come back", item->name,
                  c->output[i].name, c->to_from);
        listener_close(&p->listener);
        ret = -ELOOP;
    }
    return ret;
}
