#include <string.h>

#include "base/log.h"
#include "output/delivery.h"

#define BACKOFF_MIN_MS 500
#define BACKOFF_CLOSING_MS 250
#define LOOK_MS 30000

static uint64_t look_span_ns(void)
{
    return 1000000ull * (LOOK_MS / 2 + platform_random(LOOK_MS / 2));
}

/* What is known of the new link: whether lines may wait for it, and what it is worth. look: when a better target is looked for. */
static void adopt_link(struct output *o, bool look)
{
    bool newest_only = !o->link->stream || !output_waits(o->to);

    o->link->opened_ns = platform_monotonic_ns();
    if (look)
        o->look_ns = o->link->opened_ns + look_span_ns();
    pthread_mutex_lock(&o->lock);
    o->stats.n[RECONNECTS] += o->opened_before;
    if (newest_only && !o->box.newest_only)
        outbox_clear(&o->box); /* waited for a stream */
    o->box.newest_only = newest_only;
    o->box.apart = o->keeps = o->link->stream && o->to->kind->hear;
    pthread_mutex_unlock(&o->lock);
    o->opened_before = true;
}

int reconnect_open(struct output *o)
{
    int ret, before = o->link->target;

    o->link->why[0] = '\0';
    o->link->wait_ms = 0;
    ret = o->to->kind->open(o->link);
    if (ret)
        return ret;
    if (o->link->target && o->link->target != before)
        log_event(LOG_INFO, "output", o->to->name, "connected to %s:%u, because %s", o->to->target[o->link->target].host,
                  o->to->target[o->link->target].port, o->link->why);
    adopt_link(o, o->link->target != before);
    return 0;
}

/* Full jitter over a doubling span; where the receiver said how long to wait, a little more than that. */
void reconnect_later(struct output *o)
{
    unsigned max = delivery_is_closing(o) ? BACKOFF_CLOSING_MS : o->to->kind->retry_max_ms;
    unsigned least = o->link->wait_ms, spread, ms;

    o->backoff_ms = o->backoff_ms ? o->backoff_ms * 2 : BACKOFF_MIN_MS;
    if (o->backoff_ms > max)
        o->backoff_ms = max;
    spread = least ? BACKOFF_MIN_MS : o->backoff_ms;
    ms = least + platform_random(spread + 1);
    o->retry_ns = platform_monotonic_ns() + 1000000ull * ms;
    log_event(LOG_DEBUG, "output", o->to->name, "next attempt in %u ms, drawn from %u to %u", ms, least, least + spread);
}

/* Opens the link if it is time to. Datagrams that cannot be sent now never will be; a
 * stream's lines wait. */
bool reconnect_ensure(struct output *o)
{
    uint64_t now;
    int ret;

    if (o->link->fd >= 0)
        return true;
    if (platform_monotonic_ns() >= o->retry_ns) {
        ret = reconnect_open(o);
        if (!ret)
            return true;
        delivery_note_error(o, "cannot open", ret, "trying on");
        reconnect_later(o);
    }
    now = platform_monotonic_ns();
    if (!o->link->stream) {
        pthread_mutex_lock(&o->lock);
        outbox_clear(&o->box);
        pthread_mutex_unlock(&o->lock);
    } else if (o->retry_ns > now) {
        net_wake_wait(&o->wake, -1, (int)((o->retry_ns - now) / 1000000) + 1);
    }
    return false;
}

int reconnect_look_ms(const struct output *o)
{
    uint64_t now = platform_monotonic_ns();

    if (!o->other || o->link->fd < 0 || !o->link->target)
        return -1;
    return now < o->look_ns ? (int)((o->look_ns - now) / 1000000) + 1 : 0;
}

/* Over a second link, so that the first goes on until there is a better one. */
void reconnect_look(struct output *o)
{
    struct link *better = o->other;

    if (reconnect_look_ms(o))
        return;
    o->look_ns = platform_monotonic_ns() + look_span_ns();
    better->first = 0;
    better->target_end = o->link->target;
    better->brief = true;
    if (o->to->kind->open(better)) {
        log_event(LOG_DEBUG, "output", o->to->name, "stays at %s:%u, because %s", o->to->target[o->link->target].host,
                  o->to->target[o->link->target].port, better->why);
        return;
    }
    log_event(LOG_INFO, "output", o->to->name, "back at %s:%u, which answers again", o->to->target[better->target].host,
              o->to->target[better->target].port);
    delivery_finish_link(o);
    o->other = o->link;
    o->link = better;
    better->target_end = o->to->n_targets;
    better->brief = false;
    adopt_link(o, true);
}
