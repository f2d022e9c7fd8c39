#include "output/connection.h"

#include <errno.h>
#include <string.h>

#include "base/deadline.h"
#include "base/format.h"
#include "base/log.h"
#include "output/limits.h"
#include "output/stream.h"

#define LINE_SHOWN 120 /* bytes of a dropped line in the log */

static bool acknowledged_by(const struct output *o, enum acknowledged how)
{
    return o->policy.keep && o->endpoint->transport->acknowledged == how;
}

/* --- keeping ------------------------------------------------------------------ */

/* Returns true if the connection has carried traffic for span_ns. */
static bool carried_for(const struct output *o, uint64_t span_ns)
{
    return o->first_ack_ns && o->last_ack_ns - o->first_ack_ns >= span_ns;
}

/* Drops what was first acknowledged longer ago than SOCKPUSH_REPLAY. Call it with the lock held.
 *
 * A connection that did not carry traffic that long, and did not break (doubtful), may have led to a proxy without a
 * receiver: its lines are kept until enough connections have carried them (COPY_MS). Lines do not age while an
 * acknowledgement is pending: a receiver that fell silent may have lost what it acknowledged before, and TCP takes a
 * while to notice. */
static void forget_old(struct output *o, bool doubtful)
{
    uint64_t span_ns = o->replay_ns + (o->link->blind ? SILENCE_MS * NS_PER_MS : 0);
    bool good = carried_for(o, span_ns);

    if (good)
        o->reported_short = false;
    outbox_forget(&o->box, o->acked_ns > span_ns ? o->acked_ns - span_ns : 0,
                  good || !doubtful ? 0 : (unsigned)(o->replay_ns / (COPY_MS * NS_PER_MS)));
}

/* --- opening ---------------------------------------------------------------------- */

void connection_fit(struct output *o)
{
    size_t path = o->link->datagram_max, line_max = !path || path > o->mtu ? o->mtu
                                                    : path < DATAGRAM_MIN  ? DATAGRAM_MIN
                                                                           : path;

    if (o->endpoint->transport->line_max || path == o->path_max)
        return;
    o->path_max = path;
    if (o->mtu_set && line_max < o->mtu)
        log_event(LOG_WARN, "output", o->endpoint->name,
                  "SOCKPUSH_MTU=%zu is more than the %zu bytes that the path takes in one packet", o->mtu, path);
    if (o->mtu_set || line_max == o->line_max)
        return;
    log_event(LOG_INFO, "output", o->endpoint->name, "datagrams of up to %zu bytes: the path takes %zu in one packet",
              line_max, path);
    pthread_mutex_lock(&o->lock);
    o->line_max = o->box.chunk_max = line_max;
    pthread_mutex_unlock(&o->lock);
}

/* Applies the rules of the new connection: whether lines may wait for it, and whether late lines are worth sending. */
static void adopt(struct output *o)
{
    struct policy policy = policy_of(o->endpoint, o->link->stream);

    o->link->opened_ns = platform_monotonic_ns();
    pthread_mutex_lock(&o->lock);
    if (o->quiet) {
        o->acked_ns = o->link->opened_ns;
        forget_old(o, true);
    }
    o->first_ack_ns = 0;
    o->delivered_before = o->box.delivered_lines;
    o->quiet = false;
    o->stats.n[RECONNECTS] += o->opened_before;
    if (policy.newest_only && !o->box.newest_only)
        outbox_clear(&o->box); /* these lines waited for a stream */
    o->policy = policy;
    o->box.newest_only = policy.newest_only;
    o->box.apart = policy.keep;
    pthread_mutex_unlock(&o->lock);
    o->opened_before = true;
    connection_fit(o);
}

int connection_open(struct output *o)
{
    int ret;

    o->link->why[0] = '\0';
    o->link->wait_ms = 0;
    ret = o->endpoint->transport->open(o->link);
    if (!ret)
        adopt(o);
    return ret;
}

void connection_swap(struct output *o)
{
    struct link *better = o->other;

    connection_finish(o, false);
    o->other = o->link;
    o->link = better;
    better->target_end = o->endpoint->n_targets;
    better->brief = false;
    adopt(o);
}

/* --- reporting --------------------------------------------------------------------- */

void connection_note(struct output *o, const char *what, int error, const char *then, bool costs)
{
    output_count(o, SEND_ERRORS, 1);
    o->snapshot_errors++;
    o->error_ns = platform_monotonic_ns();
    trouble_note(&o->trouble, o->endpoint->name, what, *o->link->why ? o->link->why : platform_error_text(-error), then,
                 costs);
}

void connection_note_dropped(struct output *o, const char *why)
{
    size_t len = o->len < LINE_SHOWN ? o->len : LINE_SHOWN;
    const char *end = memchr(o->data, '\n', len);
    char then[LINE_SHOWN + 64];

    if (o->box.record != record_line)
        text_format(then, sizeof then, "%u lines are dropped", o->chunk.lines);
    else
        text_format(then, sizeof then, "%u lines are dropped, the first is \"%.*s\"", o->chunk.lines,
                    end ? (int)(end - o->data) : (int)len, o->data);
    if (why)
        link_explain(o->link, "%s", why);
    connection_note(o, "cannot send", 0, then, true);
}

/* --- receiving -------------------------------------------------------------------- */

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
    forget_old(o, true);
}

static void note_acked(struct output *o, uint64_t acked)
{
    pthread_mutex_lock(&o->lock);
    count_acked(o, acked);
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

/* Returns true if lines wait that were never delivered. */
static bool any_fresh(struct output *o)
{
    bool any;

    pthread_mutex_lock(&o->lock);
    any = o->box.lines;
    pthread_mutex_unlock(&o->lock);
    return any;
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

/* --- the end -------------------------------------------------------------------------- */

/* Counts which of the first `end` bytes arrived. If some did not, sets link->cut: they are sent again, so the kernel
 * must not deliver them now. A Unix socket reports nothing once its peer is gone: its kernel discards what was not
 * read. */
static void settle_end(struct output *o, uint64_t end)
{
    uint64_t acked;

    if (!acknowledged_by(o, ACKNOWLEDGED_BY_KERNEL) || !o->endpoint->transport->has_host)
        return;
    acked = link_acked(o->link);
    note_acked(o, acked);
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
    forget_old(o, quiet);
    pthread_mutex_unlock(&o->lock);
    return dropped;
}

void connection_pause(struct output *o, unsigned max_ms)
{
    if (output_is_closing(o) && max_ms > BACKOFF_CLOSING_MS)
        max_ms = BACKOFF_CLOSING_MS;
    backoff_next(&o->backoff, o->endpoint->name, max_ms, o->link->wait_ms);
}

void connection_drop(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    outbox_clear(&o->box);
    pthread_mutex_unlock(&o->lock);
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

void connection_ended(struct output *o)
{
    unsigned max_ms = (unsigned)(o->replay_ns / NS_PER_MS / 4), longest_ms = o->endpoint->transport->backoff_max_ms;

    if (acknowledged_by(o, ACKNOWLEDGED_BY_KERNEL) && !carried_for(o, o->replay_ns)) {
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
        note_acked(o, acked);
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
        note_acked(o, link_acked(o->link));
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
    forget_old(o, false);
    pthread_mutex_unlock(&o->lock);
    if (!all && last) {
        if (!ret)
            link_explain(o->link, "the receiver has not acknowledged everything");
        connection_note(o, "cannot end the connection", ret, "retrying", false);
        connection_pause(o, o->endpoint->transport->backoff_max_ms);
    }
    return all;
}
