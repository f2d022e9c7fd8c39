#include "output/delivery.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"

#define HELD_NS 1000000000ull /* a connection that held so long was a good one */
#define ACK_PAUSE_MIN_MS 10   /* between two looks at what is acknowledged, which nothing tells */
#define ACK_PAUSE_MAX_MS 1000
#define SAID_MAX 4 /* reasons told of one trouble: how it began, and what is still in the way */
#define FLUSH_NS (5ull * 1000000000) /* that program_finish gives at the end */
#define FINISH_NS (2ull * 1000000000)
#define BURST_CHUNKS 8 /* sent without a pause: what a receiver's buffer surely holds */

bool delivery_is_closing(struct output *o)
{
    bool closing;

    pthread_mutex_lock(&o->lock);
    closing = o->closing;
    pthread_mutex_unlock(&o->lock);
    return closing;
}

static void close_link(struct output *o)
{
    if (o->link->fd >= 0)
        o->to->kind->close(o->link);
    o->link->fd = -1;
}

/* --- counting and telling --------------------------------------------------- */

static void count(struct output *o, enum output_counter counter, uint64_t n)
{
    pthread_mutex_lock(&o->lock);
    o->stats.n[counter] += n;
    pthread_mutex_unlock(&o->lock);
}

/* anyway: said whatever was said before. */
static void note(struct output *o, const char *what, int error, const char *then, bool anyway)
{
    const char *why = *o->link->why ? o->link->why : platform_error_text(-error);

    count(o, SEND_ERRORS, 1);
    o->snapshot_errors++;
    o->failing_errors++;
    if (!o->failing) {
        o->failing = true;
        o->failing_errors = 1;
        o->failing_since_ns = platform_monotonic_ns();
        o->failing_said = 0;
    }
    if (!anyway && o->failing_said && (o->failing_said >= SAID_MAX || !strcmp(why, o->failing_why))) {
        log_event(LOG_DEBUG, "output", o->to->name, "%s: %s", what, why);
        return;
    }
    o->failing_said++;
    strncpy(o->failing_why, why, sizeof o->failing_why - 1);
    log_event(LOG_WARN, "output", o->to->name, "%s: %s; %s", what, why, then);
}

void delivery_note_error(struct output *o, const char *what, int error, const char *then)
{
    note(o, what, error, then, false);
}

/* A refused datagram is reported a snapshot later, so only a snapshot that passed whole
 * and without an error shows that the trouble is over. */
static void note_sent(struct output *o)
{
    if (!o->failing || o->snapshot_errors || o->chunk.index + 1 < o->chunk.of)
        return;
    o->failing = o->failing_dropped = false;
    log_event(LOG_INFO, "output", o->to->name, "sending again, after %llu errors in %llu s",
              (unsigned long long)o->failing_errors,
              (unsigned long long)((platform_monotonic_ns() - o->failing_since_ns) / 1000000000));
}

/* --- what arrived --------------------------------------------------------------- */

/* With the lock. Time stands still while an acknowledgement is awaited: of a receiver that fell silent, which takes
 * TCP 20 s to notice, what it had until then may be lost. */
static void forget_old(struct output *o)
{
    outbox_forget(&o->box, o->acked_ns > o->replay_ns ? o->acked_ns - o->replay_ns : 0);
}

/* Counts what is acknowledged, and lets go of what will not be sent again. */
static void note_acked(struct output *o, uint64_t acked)
{
    uint64_t now = platform_monotonic_ns();
    size_t before;

    pthread_mutex_lock(&o->lock);
    before = o->box.acked;
    outbox_acked(&o->box, acked, now);
    if (o->box.acked != before || !outbox_under_way(&o->box))
        o->acked_ns = now;
    forget_old(o);
    pthread_mutex_unlock(&o->lock);
}

/* At a connection's end: counts what arrived of the bytes up to end, and lets the kernel deliver none of the others, for
 * they will be sent again. A Unix socket whose peer is gone tells nothing, for what was unread is thrown away; TCP still does. */
static void settle_end(struct output *o, uint64_t end)
{
    uint64_t acked;

    if (!o->keeps || !o->to->kind->has_host)
        return;
    acked = link_acked(o->link);
    note_acked(o, acked);
    o->link->torn |= acked < end;
}

/* The connection is broken: what it did not deliver, and what it delivered not long ago,
 * waits for the next one. */
static void lose_link(struct output *o, const char *what, int error)
{
    uint64_t now = platform_monotonic_ns();

    delivery_note_error(o, what, error, "trying on");
    settle_end(o, o->link->written);
    close_link(o);
    o->link->first = 0;
    if (!o->to->kind->answers && now - o->link->opened_ns >= HELD_NS)
        o->backoff_ms = 0;
    reconnect_later(o);
    pthread_mutex_lock(&o->lock);
    if (!outbox_under_way(&o->box))
        o->acked_ns = now;
    forget_old(o);
    outbox_rewind(&o->box);
    pthread_mutex_unlock(&o->lock);
}

/* The receiver ended a connection over which it owed nothing: no fault. There it is tried first. */
static void end_quietly(struct output *o)
{
    close_link(o);
    o->link->first = o->link->target;
    o->opened_before = false; /* the next is no reconnect */
}

/* Of a stream: hears what came, and with it what arrived. False: the connection ended. */
static bool hear(struct output *o)
{
    uint64_t acked;
    int ret;

    if (!o->keeps || o->link->fd < 0)
        return true;
    o->link->why[0] = '\0';
    acked = link_acked(o->link); /* before it is heard that the receiver is gone */
    ret = o->to->kind->hear(o->link);
    if (ret && o->to->kind->answers) {
        end_quietly(o);
        return false;
    }
    if (ret == -EPIPE && !*o->link->why)
        link_explain(o->link, "the receiver closed it");
    if (ret)
        lose_link(o, "the connection broke", ret);
    else
        note_acked(o, acked);
    return !ret;
}

bool delivery_finish_link(struct output *o)
{
    const struct output_kind *kind = o->to->kind;
    uint64_t deadline_ns = platform_monotonic_ns() + FINISH_NS, now, end;
    bool ended = false, all;
    int ret = 0;

    if (o->link->fd < 0 || !o->keeps)
        return true;
    if (!hear(o))
        return false;
    ret = kind->finish(o->link);
    if (kind->answers) { /* all is answered */
        close_link(o);
        return true;
    }
    end = o->link->written;
    o->link->written += !ret && kind->has_host; /* the FIN, which the kernel counts as well */
    while (!ret && (now = platform_monotonic_ns()) < deadline_ns) {
        net_wait_readable(o->link->fd, (int)((deadline_ns - now) / 1000000) + 1);
        ret = kind->hear(o->link);
        ended = ret == -EPIPE;
    }
    if (!ret) {
        log_event(LOG_DEBUG, "output", o->to->name, "the receiver did not end the connection within %u s", (unsigned)(FINISH_NS / 1000000000));
        note_acked(o, link_acked(o->link));
    }
    settle_end(o, end);
    close_link(o);
    pthread_mutex_lock(&o->lock);
    if (ended) {
        if (!kind->has_host) /* of a Unix socket there is nothing more to know */
            outbox_acked(&o->box, UINT64_MAX, 0);
        outbox_forget(&o->box, UINT64_MAX);
    }
    all = !o->box.lines && !o->box.doubt_lines;
    outbox_rewind(&o->box);
    pthread_mutex_unlock(&o->lock);
    return all;
}

/* --- sending --------------------------------------------------------------------- */

/* By the clock, not by so many pauses: one may take longer than it should, 15 ms on Windows. */
static void pace(struct output *o)
{
    uint64_t now, due;

    if (o->link->stream || o->chunk.index % BURST_CHUNKS || delivery_is_closing(o))
        return;
    now = platform_monotonic_ns();
    if (!o->chunk.index)
        o->paced_from_ns = now;
    due = o->paced_from_ns + o->spread_ns / o->chunk.of * o->chunk.index;
    if (now < due)
        platform_sleep_ns(due - now);
}

/* The chunk in hand is with the kernel; that is all there is to know but of a stream. */
static void settle(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    outbox_sent(&o->box, o->link->written);
    if (!o->keeps || o->to->kind->answers) {
        outbox_acked(&o->box, UINT64_MAX, 0);
        outbox_forget(&o->box, UINT64_MAX);
    }
    pthread_mutex_unlock(&o->lock);
}

/* The receiver will never take these lines: halves of them, until those are alone that it means. */
static void send_refused(struct output *o)
{
    if (o->chunks > 1) {
        count(o, SEND_ERRORS, 1);
        log_event(LOG_DEBUG, "output", o->to->name, "%s; halved", o->link->why);
        o->batch_chunks = (o->chunks + 1) / 2;
    } else {
        note(o, "cannot send", 0, "these lines are dropped", !o->failing_dropped);
        o->failing_dropped = true;
        o->batch_chunks = UINT_MAX;
    }
    pthread_mutex_lock(&o->lock);
    if (o->chunks > 1)
        outbox_rewind(&o->box);
    else
        outbox_refuse(&o->box);
    pthread_mutex_unlock(&o->lock);
}

/* A broken connection's chunk waits for the next one; a datagram gets one more try at once,
 * since a receiver that was restarted has a new socket. */
static void send_failed(struct output *o, int error)
{
    if (o->to->kind->answers && error == -EBADMSG) {
        send_refused(o);
        return;
    }
    if (o->to->kind->answers && error == -ENOTCONN) {
        end_quietly(o);
        pthread_mutex_lock(&o->lock);
        outbox_rewind(&o->box);
        pthread_mutex_unlock(&o->lock);
        return;
    }
    if (o->link->stream) {
        lose_link(o, "cannot send", error);
        return;
    }
    delivery_note_error(o, "cannot send", error, "trying on");
    close_link(o);
    if (!reconnect_open(o) && !o->to->kind->send(o->link, o->data, o->len)) {
        settle(o);
        return;
    }
    pthread_mutex_lock(&o->lock);
    if (o->box.newest_only)
        outbox_clear(&o->box);
    else
        outbox_rewind(&o->box);
    pthread_mutex_unlock(&o->lock);
}

/* The next chunk, and with it what else can be sent at once. */
static bool take_chunks(struct output *o)
{
    bool begins = false;

    o->len = o->chunks = 0;
    pthread_mutex_lock(&o->lock);
    while (outbox_waiting(&o->box)) {
        if (o->chunks && (o->chunks >= o->batch_chunks || o->len + outbox_next(&o->box) > o->to->kind->batch_max))
            break;
        if (!outbox_take(&o->box, &o->chunk, o->data + o->len))
            break;
        begins |= !o->chunk.index;
        o->len += o->chunk.len;
        o->chunks++;
    }
    if (!outbox_waiting(&o->box))
        o->batch_chunks = UINT_MAX; /* the next are others */
    pthread_mutex_unlock(&o->lock);
    if (begins)
        o->snapshot_errors = 0;
    return o->chunks > 0;
}

static void send_chunks(struct output *o)
{
    int ret;

    if (!take_chunks(o))
        return;
    pace(o);
    o->link->refused = 0;
    o->link->wait_ms = 0;
    o->link->why[0] = '\0';
    ret = o->to->kind->send(o->link, o->data, o->len);
    if (ret) {
        send_failed(o, ret);
        return;
    }
    settle(o);
    if (o->link->fd < 0)
        end_quietly(o); /* the answer said so */
    o->ack_pause_ms = ACK_PAUSE_MIN_MS;
    if (!o->keeps || o->to->kind->answers)
        o->backoff_ms = 0;
    if (o->link->refused)
        delivery_note_error(o, "an earlier datagram was not received", o->link->refused, "trying on");
    note_sent(o);
}

/* --- the thread -------------------------------------------------------------------- */

/* Until there is a new snapshot, or the receiver says something. */
static void wait_for_work(struct output *o, bool under_way)
{
    bool watch = o->keeps && o->link->fd >= 0;
    int ms = reconnect_look_ms(o);

    if (watch && under_way && (ms < 0 || o->ack_pause_ms < (unsigned)ms)) {
        ms = (int)o->ack_pause_ms;
        o->ack_pause_ms = o->ack_pause_ms < ACK_PAUSE_MAX_MS / 2 ? o->ack_pause_ms * 2 : ACK_PAUSE_MAX_MS;
    }
    /* A stream's end is seen here, not by the write after it, which would be lost. */
    net_wake_wait(&o->wake, watch ? o->link->fd : -1, ms);
    reconnect_look(o);
}

/* The last datagrams' fate, as far as it is known already (on loopback it is). */
static void last_refusal(struct output *o)
{
    int ret = o->link->fd < 0 || o->link->stream ? 0 : net_pending_error(o->link->fd);

    if (!ret)
        return;
    delivery_note_error(o, "the last datagram was not received", ret, "trying on");
    count(o, DROPPED_LINES, o->chunk.lines);
}

/* The receiver said to come back when the program will have ended. */
static bool waits_beyond_end(const struct output *o)
{
    return o->link->fd < 0 && o->link->wait_ms && o->retry_ns > platform_monotonic_ns() + FLUSH_NS;
}

void *delivery_run(void *arg)
{
    struct output *o = arg;

    while (!o->link->gone) {
        bool waiting, under_way, closing;

        hear(o);
        pthread_mutex_lock(&o->lock);
        waiting = outbox_waiting(&o->box);
        under_way = outbox_under_way(&o->box);
        closing = o->closing;
        pthread_mutex_unlock(&o->lock);
        if (closing && !o->hurried) {
            o->hurried = true;
            o->retry_ns = o->link->wait_ms ? o->retry_ns : 0;
        }
        if (closing && waiting && waits_beyond_end(o))
            break;
        if (waiting) {
            if (reconnect_ensure(o)) {
                reconnect_look(o);
                send_chunks(o);
            }
        } else if (!closing) {
            wait_for_work(o, under_way);
        } else if (delivery_finish_link(o)) {
            break;
        }
    }
    last_refusal(o);
    close_link(o);
    pthread_mutex_lock(&o->lock);
    o->done = true;
    pthread_mutex_unlock(&o->lock);
    platform_wake();
    return NULL;
}
