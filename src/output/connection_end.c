/* The ends of a connection: it broke, the receiver ended it, or the program does. */
#include <errno.h>

#include "base/deadline.h"
#include "base/log.h"
#include "output/connection_acks.h"
#include "output/limits.h"
#include "output/stream.h"

/* Counts which of the first `end` bytes arrived. If some did not, sets link->cut: they are sent again, so the kernel
 * must not deliver them now. A Unix socket reports nothing once its peer is gone: its kernel discards what was not
 * read. */
static void settle_end(struct output *o, uint64_t end)
{
    uint64_t acked;

    if (!acknowledged_by(o, ACKNOWLEDGED_BY_KERNEL) || !o->endpoint->transport->has_host)
        return;
    acked = link_acked(o->link);
    acks_note(o, acked);
    o->link->cut |= acked < end;
}

/* Returns true if the lines in hand may have made the receiver end the connection. A timeout has other causes. Lines
 * that must arrive in order are never suspected, because then they would be sent after younger ones. */
static bool can_be_by_lines(const struct output *o, int error)
{
    const struct posting *post = o->endpoint->format->post;

    return o->policy.keep && (error == -EPIPE || error == -ECONNRESET) && !(post && post->by_poll);
}

/* Makes what was sent over the connection wait again. quiet: the connection did not break. strike: the chunks under way
 * may be why it did. Returns true if the chunk in hand is dropped instead. */
static bool rewind_box(struct output *o, bool quiet, bool strike)
{
    bool dropped;

    pthread_mutex_lock(&o->lock);
    if (!outbox_under_way(&o->box))
        o->acked_ns = platform_monotonic_ns();
    dropped = strike && outbox_strike(&o->box, STRIKES_MAX);
    outbox_rewind(&o->box);
    acks_forget(o, quiet);
    pthread_mutex_unlock(&o->lock);
    return dropped;
}

/* Returns true if this connection delivered new lines: the receiver works, even though the connection broke. */
static bool has_delivered(struct output *o)
{
    bool any;

    pthread_mutex_lock(&o->lock);
    any = o->box.delivered_lines > o->delivered_before;
    pthread_mutex_unlock(&o->lock);
    return any;
}

void connection_lost(struct output *o, const char *what, int error)
{
    uint64_t held_ns = platform_monotonic_ns() - o->link->opened_ns;

    connection_note(o, what, error, "retrying", false);
    settle_end(o, o->link->written);
    link_close(o->link);
    o->link->first = 0;
    if (acknowledged_by(o, ACKNOWLEDGED_BY_KERNEL) && (held_ns >= HELD_MS * NS_PER_MS || has_delivered(o)))
        o->backoff.ms = 0;
    connection_pause(o, o->endpoint->transport->backoff_max_ms);
    if (rewind_box(o, false, can_be_by_lines(o, error)))
        connection_note_dropped(o, "every connection that carries them breaks");
}

/* Logs, first at info, that the receiver, or a proxy without one, ended the connection early. */
static void note_short(struct output *o)
{
    uint64_t held_ms = (platform_monotonic_ns() - o->link->opened_ns) / NS_PER_MS;

    log_event(o->reported_short ? LOG_DEBUG : LOG_INFO, "output", o->endpoint->name,
              "the receiver ended the connection after %llu ms, with everything acknowledged",
              (unsigned long long)held_ms);
    o->reported_short = true;
}

/* Returns true if lines wait that were never delivered. */
static bool any_fresh(struct output *o)
{
    bool any;

    pthread_mutex_lock(&o->lock);
    any = o->box.lines;
    pthread_mutex_unlock(&o->lock);
    return any;
}

void connection_ended(struct output *o)
{
    unsigned max_ms = (unsigned)(o->replay_ns / NS_PER_MS / 4), longest_ms = o->endpoint->transport->backoff_max_ms;

    if (acknowledged_by(o, ACKNOWLEDGED_BY_KERNEL) && !acks_carried_for(o, o->replay_ns)) {
        note_short(o);
        if (!o->policy.newest_only || any_fresh(o)) /* otherwise the next snapshot comes soon enough */
            connection_pause(o, max_ms < longest_ms ? max_ms : longest_ms);
    }
    link_close(o->link);
    o->link->first = o->link->target; /* try it first */
    o->opened_before = false;         /* the next one is not a reconnect */
    o->quiet = true;
    rewind_box(o, true, false);
}

/* Waits until the receiver ends its side. Returns 0 or -errno. */
static int await_end(struct output *o)
{
    uint64_t deadline_ns = deadline_in(FINISH_MS);
    int ret = 0, left_ms;

    while (!ret && (left_ms = deadline_left_ms(deadline_ns))) {
        net_wait_readable(o->link->fd, left_ms);
        ret = stream_drain(o->link);
    }
    if (!ret) {
        log_event(LOG_DEBUG, "output", o->endpoint->name, "the receiver did not end the connection within %u s",
                  FINISH_MS / 1000);
        acks_note(o, link_acked(o->link));
        return -ETIMEDOUT;
    }
    return ret == -EPIPE ? 0 : ret;
}

bool connection_finish(struct output *o, bool last)
{
    bool all;
    uint64_t end;
    int ret;

    if (o->link->fd < 0 || !o->policy.keep)
        return true;
    if (!connection_drain(o))
        return false;
    ret = link_finish(o->link);
    if (acknowledged_by(o, ACKNOWLEDGED_BY_ANSWER)) { /* every request was answered */
        link_close(o->link);
        return true;
    }
    end = o->link->written;
    o->link->written += !ret && o->endpoint->transport->has_host; /* the kernel counts the FIN as a byte */
    ret = ret ? ret : await_end(o);
    settle_end(o, end);
    link_close(o->link);
    pthread_mutex_lock(&o->lock);
    if (!ret) {
        if (!o->endpoint->transport->has_host) /* a Unix socket reports nothing more */
            outbox_acked(&o->box, UINT64_MAX, 0);
        outbox_forget(&o->box, UINT64_MAX, 0);
    }
    all = !o->box.lines && !o->box.doubts.lines;
    outbox_rewind(&o->box);
    acks_forget(o, false);
    pthread_mutex_unlock(&o->lock);
    if (!all && last) {
        if (!ret)
            link_explain(o->link, "the receiver has not acknowledged everything");
        connection_note(o, "cannot end the connection", ret, "retrying", false);
        connection_pause(o, o->endpoint->transport->backoff_max_ms);
    }
    return all;
}
