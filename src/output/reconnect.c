#include "output/reconnect.h"

#include "base/deadline.h"
#include "base/log.h"
#include "output/connection.h"
#include "output/limits.h"

static void look_later(struct output *o)
{
    o->look_ns = deadline_in(LOOK_MS / 2 + platform_random(LOOK_MS / 2));
}

static const struct target *target_of(const struct output *o, const struct link *l)
{
    return &o->endpoint->target[l->target];
}

static int open_link(struct output *o)
{
    int before = o->link->target, ret = connection_open(o);

    if (ret || o->link->target == before)
        return ret;
    look_later(o);
    if (o->link->target)
        log_event(LOG_INFO, "output", o->endpoint->name, "connected to %s:%u, because %s", target_of(o, o->link)->host,
                  target_of(o, o->link)->port, o->link->why);
    return 0;
}

bool reconnect_ensure(struct output *o)
{
    int ret, left_ms;

    if (o->link->fd >= 0)
        return true;
    if (!deadline_left_ms(o->backoff.at_ns)) {
        ret = open_link(o);
        if (!ret)
            return true;
        o->opened_before |= o->quiet; /* the receiver is gone after all: reopen at once for what may be lost */
        o->quiet = false;
        connection_note(o, "cannot open", ret, "retrying", false);
        connection_pause(o, o->endpoint->transport->backoff_max_ms);
    }
    left_ms = deadline_left_ms(o->backoff.at_ns);
    if (!o->policy.wait)
        connection_drop(o);
    if (left_ms && (o->policy.wait || output_left(o)))
        net_wake_wait(&o->wake, -1, left_ms);
    return false;
}

int reconnect_look_ms(const struct output *o)
{
    return o->other && o->link->fd >= 0 && o->link->target ? deadline_left_ms(o->look_ns) : -1;
}

/* The better target is tried over a second link, so that the first one works on until then. */
void reconnect_look(struct output *o)
{
    struct link *better = o->other;

    if (reconnect_look_ms(o))
        return;
    look_later(o);
    better->first = 0;
    better->target_end = o->link->target;
    better->brief = true;
    if (o->endpoint->transport->open(better)) {
        log_event(LOG_DEBUG, "output", o->endpoint->name, "stays at %s:%u, because %s", target_of(o, o->link)->host,
                  target_of(o, o->link)->port, better->why);
        return;
    }
    log_event(LOG_INFO, "output", o->endpoint->name, "back at %s:%u, which answers again", target_of(o, better)->host,
              target_of(o, better)->port);
    connection_swap(o);
    look_later(o);
}
