#include "output.h"

#include <errno.h>
#include <string.h>

#include "log.h"

#define BACKOFF_MIN_MS 500
#define BURST_CHUNKS 8 /* sent without a pause: what a receiver's buffer surely holds */

const struct output_kind *const output_kinds[] = {&output_udp,        &output_unix,   &output_unixgram,
                                                  &output_unixstream, &output_stdout, NULL};

const struct output_kind *output_kind_find(const char *scheme)
{
    for (const struct output_kind *const *k = output_kinds; *k; k++)
        if (!strcmp((*k)->scheme, scheme))
            return *k;
    return NULL;
}

size_t output_line_max(const struct endpoint *to, size_t mtu)
{
    return to->kind->chunk_max ? to->kind->chunk_max : mtu;
}

bool output_waits(const struct endpoint *to)
{
    return (!to->kind->datagram || to->kind->either) && (to->format->timestamps || to->kind->queues);
}

/* --- counting and telling --------------------------------------------------- */

static void count(struct output *o, enum output_counter counter, uint64_t n)
{
    pthread_mutex_lock(&o->lock);
    o->stats.n[counter] += n;
    pthread_mutex_unlock(&o->lock);
}

/* The chunk in hand is done with, one way or the other. */
static void settle(struct output *o, enum output_counter counter)
{
    pthread_mutex_lock(&o->lock);
    o->stats.n[counter] += o->chunk.lines;
    o->held = false;
    pthread_mutex_unlock(&o->lock);
}

static void note_error(struct output *o, const char *what, int error)
{
    const char *why = *o->link.why ? o->link.why : platform_error_text(-error);

    count(o, SEND_ERRORS, 1);
    o->snapshot_errors++;
    o->failing_errors++;
    if (o->failing) {
        log_event(LOG_DEBUG, "output", o->to->name, "%s: %s", what, why);
        return;
    }
    o->failing = true;
    o->failing_errors = 1;
    o->failing_since_ns = platform_monotonic_ns();
    log_event(LOG_WARN, "output", o->to->name, "%s: %s; trying on", what, why);
}

/* A refused datagram is reported a snapshot later, so only a snapshot that passed whole
 * and without an error shows that the trouble is over. */
static void note_sent(struct output *o)
{
    if (!o->failing || o->snapshot_errors || o->chunk.index + 1 < o->chunk.of)
        return;
    o->failing = false;
    log_event(LOG_INFO, "output", o->to->name, "sending again, after %llu errors in %llu s",
              (unsigned long long)o->failing_errors,
              (unsigned long long)((platform_monotonic_ns() - o->failing_since_ns) / 1000000000));
}

/* --- the thread ------------------------------------------------------------- */

static bool is_closing(struct output *o)
{
    bool closing;

    pthread_mutex_lock(&o->lock);
    closing = o->closing;
    pthread_mutex_unlock(&o->lock);
    return closing;
}

static void close_link(struct output *o)
{
    if (o->link.fd >= 0)
        o->to->kind->close(&o->link);
    o->link.fd = -1;
}

/* With the lock. */
static void drop_all(struct output *o)
{
    outbox_clear(&o->box);
    if (o->held)
        o->stats.n[DROPPED_LINES] += o->chunk.lines;
    o->held = false;
}

static int open_link(struct output *o)
{
    bool newest_only;
    int ret;

    o->link.why[0] = '\0';
    ret = o->to->kind->open(&o->link);
    if (ret)
        return ret;
    newest_only = !o->link.stream || !output_waits(o->to);
    pthread_mutex_lock(&o->lock);
    o->stats.n[RECONNECTS] += o->opened_before;
    if (newest_only && !o->box.newest_only)
        drop_all(o); /* waited for a stream */
    o->box.newest_only = newest_only;
    pthread_mutex_unlock(&o->lock);
    o->opened_before = true;
    return 0;
}

/* Sets the earliest time of the next attempt: full jitter over a doubling span. */
static void back_off(struct output *o)
{
    unsigned max = o->to->kind->retry_max_ms;

    o->backoff_ms = o->backoff_ms ? o->backoff_ms * 2 : BACKOFF_MIN_MS;
    if (o->backoff_ms > max)
        o->backoff_ms = max;
    o->retry_ns = platform_monotonic_ns() + 1000000ull * platform_random(o->backoff_ms + 1);
}

/* Opens the link if it is time to. Datagrams that cannot be sent now never will be; a
 * stream's wait. */
static bool ensure_open(struct output *o)
{
    uint64_t now = platform_monotonic_ns();
    int ret;

    if (o->link.fd >= 0)
        return true;
    if (now >= o->retry_ns) {
        ret = open_link(o);
        if (!ret)
            return true;
        note_error(o, "cannot open", ret);
        back_off(o);
    }
    if (o->box.newest_only) {
        pthread_mutex_lock(&o->lock);
        drop_all(o);
        pthread_mutex_unlock(&o->lock);
    } else if (o->retry_ns > now) {
        net_wake_wait(&o->wake, -1, (int)((o->retry_ns - now) / 1000000) + 1);
    }
    return false;
}

static void pace(struct output *o)
{
    if (o->link.stream || !o->chunk.index || o->chunk.index % BURST_CHUNKS || is_closing(o))
        return;
    platform_sleep_ns(o->spread_ns / o->chunk.of * BURST_CHUNKS);
}

/* A broken connection's chunk: a stream's is kept for the next connection; a datagram
 * gets one more try at once, since a receiver that was restarted has a new socket. */
static void send_failed(struct output *o, int error)
{
    note_error(o, "cannot send", error);
    close_link(o);
    if (!o->link.stream && !open_link(o) && !o->to->kind->send(&o->link, o->data, o->chunk.len))
        settle(o, SENT_LINES);
    else if (o->box.newest_only)
        settle(o, DROPPED_LINES);
    else
        back_off(o);
}

static void send_chunk(struct output *o)
{
    int ret;

    pace(o);
    if (!o->chunk.index)
        o->snapshot_errors = 0;
    o->link.refused = 0;
    o->link.why[0] = '\0';
    ret = o->to->kind->send(&o->link, o->data, o->chunk.len);
    if (ret) {
        send_failed(o, ret);
        return;
    }
    o->backoff_ms = 0;
    settle(o, SENT_LINES);
    if (o->link.refused)
        note_error(o, "an earlier datagram was not received", o->link.refused);
    note_sent(o);
}

/* Waits for a chunk to be in hand; false when there is none and none will come. */
static bool next_chunk(struct output *o)
{
    for (;;) {
        bool waiting, closing;

        pthread_mutex_lock(&o->lock);
        waiting = o->box.used > 0;
        closing = o->closing;
        pthread_mutex_unlock(&o->lock);
        if (waiting || o->held)
            return true;
        if (closing)
            return false;
        /* A stream's end is seen here, not by the write after it, which would be lost. */
        if (net_wake_wait(&o->wake, o->link.watch ? o->link.fd : -1, -1)) {
            int ret = net_pending_error(o->link.fd, true);

            if (ret) {
                note_error(o, "the receiver closed the connection", ret);
                close_link(o);
            }
        }
    }
}

static void take_chunk(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    if (o->held && o->box.newest_only && o->box.used) {
        o->stats.n[DROPPED_LINES] += o->chunk.lines;
        o->held = false;
    }
    if (!o->held)
        o->held = outbox_take(&o->box, &o->chunk, o->data);
    pthread_mutex_unlock(&o->lock);
}

/* The last datagrams' fate, as far as it is known already (on loopback it is). */
static void last_refusal(struct output *o)
{
    int ret = o->link.fd < 0 || o->link.stream ? 0 : net_pending_error(o->link.fd, false);

    if (!ret)
        return;
    note_error(o, "the last datagram was not received", ret);
    count(o, DROPPED_LINES, o->chunk.lines);
}

static void *run(void *arg)
{
    struct output *o = arg;

    while (next_chunk(o)) {
        if (!ensure_open(o))
            continue;
        take_chunk(o);
        if (o->held)
            send_chunk(o);
        if (o->link.gone)
            break;
    }
    last_refusal(o);
    close_link(o);
    pthread_mutex_lock(&o->lock);
    o->done = true;
    pthread_mutex_unlock(&o->lock);
    platform_wake();
    return NULL;
}

/* --- the main thread's side -------------------------------------------------- */

int output_start(struct output *o, const struct endpoint *to, const struct output_limits *limits,
                 struct arena *a)
{
    struct outbox *box = &o->box;
    int ret;

    o->to = to;
    o->line_max = output_line_max(to, limits->mtu);
    o->spread_ns = limits->interval_ns / 4 < 500000000 ? limits->interval_ns / 4 : 500000000;
    o->link = (struct link){.to = to, .fd = -1, .stream = !to->kind->datagram};
    box->chunk_max = o->line_max;
    box->newest_only = to->kind->datagram || !output_waits(to);
    box->cap = outbox_room(output_waits(to) ? 2 : 1, limits->snapshot_max, box->chunk_max);
    if (output_waits(to) && box->cap < limits->buffer)
        box->cap = limits->buffer;
    box->ring = arena_zero(a, box->cap, 1);
    o->data = arena_zero(a, box->chunk_max + 1, 1);
    ret = net_wake_open(&o->wake);
    if (ret)
        return ret;
    pthread_mutex_init(&o->lock, NULL);
    return -pthread_create(&o->thread, NULL, run, o);
}

void output_put(struct output *o, uint64_t poll, const char *lines, size_t len, uint64_t oversized)
{
    pthread_mutex_lock(&o->lock);
    o->stats.n[DROPPED_LINES] += oversized;
    outbox_put(&o->box, poll, lines, len);
    pthread_mutex_unlock(&o->lock);
    net_wake_signal(&o->wake);
}

struct output_stats output_read_stats(struct output *o)
{
    struct output_stats stats;

    pthread_mutex_lock(&o->lock);
    stats = o->stats;
    stats.n[DROPPED_LINES] += o->box.dropped_lines;
    pthread_mutex_unlock(&o->lock);
    return stats;
}

void output_close(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    o->closing = true;
    pthread_mutex_unlock(&o->lock);
    net_wake_signal(&o->wake);
}

bool output_done(struct output *o)
{
    bool done;

    pthread_mutex_lock(&o->lock);
    done = o->done;
    pthread_mutex_unlock(&o->lock);
    return done;
}

uint64_t output_left(struct output *o)
{
    uint64_t left;

    pthread_mutex_lock(&o->lock);
    left = o->box.lines + (o->held ? o->chunk.lines : 0);
    pthread_mutex_unlock(&o->lock);
    return left;
}
