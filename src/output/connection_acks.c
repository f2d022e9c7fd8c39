#include "output/connection_acks.h"

#include <errno.h>

#include "base/deadline.h"
#include "output/limits.h"
#include "output/stream.h"

bool acks_carried_for(const struct output *o, uint64_t span_ns)
{
    return o->first_ack_ns && o->last_ack_ns - o->first_ack_ns >= span_ns;
}

void acks_forget(struct output *o, bool doubtful)
{
    uint64_t span_ns = o->replay_ns + (o->link->blind ? SILENCE_MS * NS_PER_MS : 0);
    bool good = acks_carried_for(o, span_ns);

    if (good)
        o->reported_short = false;
    outbox_forget(&o->box, o->acked_ns > span_ns ? o->acked_ns - span_ns : 0,
                  good || !doubtful ? 0 : (unsigned)(o->replay_ns / (COPY_MS * NS_PER_MS)));
}

/* Counts what is acknowledged, and drops what will not be sent again. Call it with the lock held. */
static void count_acked(struct output *o, uint64_t acked)
{
    uint64_t now = platform_monotonic_ns();
    size_t before = o->box.acked;

    outbox_acked(&o->box, acked, now);
    if (o->box.acked != before) {
        o->first_ack_ns = o->first_ack_ns ? o->first_ack_ns : now;
        o->last_ack_ns = now;
    }
    if (o->box.acked != before || !outbox_under_way(&o->box))
        o->acked_ns = now;
    acks_forget(o, true);
}

void acks_note(struct output *o, uint64_t acked)
{
    pthread_mutex_lock(&o->lock);
    count_acked(o, acked);
    pthread_mutex_unlock(&o->lock);
}

void connection_sent(struct output *o, uint64_t dropped)
{
    uint64_t before;

    pthread_mutex_lock(&o->lock);
    if (acknowledged_by(o, ACKNOWLEDGED_BY_KERNEL)) {
        outbox_sent(&o->box, o->link->written);
    } else {
        before = o->box.delivered_lines;
        outbox_acked(&o->box, UINT64_MAX, 0);
        outbox_forget(&o->box, UINT64_MAX, 0);
        if (dropped > o->box.delivered_lines - before)
            dropped = o->box.delivered_lines - before; /* a line may have many points */
        o->box.delivered_lines -= dropped;
        o->box.dropped_lines += dropped;
    }
    pthread_mutex_unlock(&o->lock);
}

static bool any_under_way(struct output *o)
{
    bool any;

    pthread_mutex_lock(&o->lock);
    any = outbox_under_way(&o->box);
    pthread_mutex_unlock(&o->lock);
    return any;
}

/* Returns the nanoseconds since `ns`, or since the connection was opened if that was later. */
static uint64_t time_since(const struct output *o, uint64_t ns)
{
    return platform_monotonic_ns() - (ns > o->link->opened_ns ? ns : o->link->opened_ns);
}

/* Returns true if the receiver ended its side, or reset an idle connection, with nothing pending. Idle means HELD_MS
 * without an acknowledgement, the only sign where the system does not report what is pending. */
static bool is_quiet_end(struct output *o, int error)
{
    bool idle = time_since(o, o->last_ack_ns) >= HELD_MS * NS_PER_MS;

    if (acknowledged_by(o, ACKNOWLEDGED_BY_ANSWER))
        return true;
    return !any_under_way(o) && ((error == -EPIPE && (idle || !o->link->blind)) || (error == -ECONNRESET && idle));
}

/* Returns true if the receiver has acknowledged nothing for SEND_MS. With UNDER_WAY_MAX chunks under way, no write runs
 * into that limit. */
static bool is_stalled(struct output *o)
{
    return acknowledged_by(o, ACKNOWLEDGED_BY_KERNEL) && any_under_way(o) &&
           time_since(o, o->acked_ns) >= SEND_MS * NS_PER_MS;
}

bool connection_is_sound(const struct output *o)
{
    return time_since(o, o->error_ns) >= HELD_MS * NS_PER_MS;
}

int connection_ack_pause_ms(const struct output *o)
{
    uint64_t ms = time_since(o, o->acked_ns) / NS_PER_MS;

    return ms < ACK_PAUSE_MIN_MS ? ACK_PAUSE_MIN_MS : ms < ACK_PAUSE_MAX_MS ? (int)ms : ACK_PAUSE_MAX_MS;
}

/* Waits, once the receiver has ended its side, for acknowledgements of what crossed that end: its kernel may delay
 * them. Returns the last position that is acknowledged. */
static uint64_t last_acked(const struct output *o)
{
    uint64_t deadline_ns = deadline_in(LAST_ACK_MS), acked;

    while ((acked = link_acked(o->link)) < o->link->written && deadline_left_ms(deadline_ns))
        platform_sleep_ns(ACK_PAUSE_MIN_MS * NS_PER_MS);
    return acked;
}

bool connection_drain(struct output *o)
{
    uint64_t acked;
    int ret;

    if (!o->policy.keep || o->link->fd < 0)
        return true;
    o->link->why[0] = '\0';
    acked = link_acked(o->link); /* read it before stream_drain sees the end */
    ret = stream_drain(o->link);
    if (ret == -EPIPE && acknowledged_by(o, ACKNOWLEDGED_BY_KERNEL) && o->endpoint->transport->has_host)
        acked = last_acked(o);
    if (!ret || o->endpoint->transport->has_host)
        acks_note(o, acked);
    if (!ret && is_stalled(o)) {
        link_explain(o->link, "the receiver took nothing for %u s", SEND_MS / 1000);
        ret = -ETIMEDOUT;
    }
    if (!ret)
        return true;
    if (is_quiet_end(o, ret)) {
        connection_ended(o);
        return false;
    }
    if (ret == -EPIPE && !*o->link->why)
        link_explain(o->link, "the receiver closed it");
    connection_lost(o, "the connection broke", ret);
    return false;
}
