#include "output/output.h"

#include "base/deadline.h"
#include "output/delivery.h"
#include "output/limits.h"

bool output_waits(const struct endpoint *endpoint)
{
    return !policy_of(endpoint, endpoint->transport->shape != SHAPE_DATAGRAM).newest_only;
}

/* Sizes the queue: with a small SOCKPUSH_BUFFER, each packet would else drop the one before. */
static void init_packets(struct output *o, size_t cap, struct arena *a)
{
    size_t least = PACKETS_MIN * (sizeof(struct packet) + o->packet_max + 1);

    cap = cap && cap < least ? least : cap;
    packets_init(&o->packets, arena_zero(a, cap, 1), cap, o->data_cap);
}

bool output_needs_time(const struct endpoint *endpoint)
{
    return endpoint->format->timestamps && policy_of(endpoint, endpoint->transport->shape != SHAPE_DATAGRAM).keep;
}

/* Sizes the ring for either shape that the receiver may turn out to have. */
static void init_box(struct output *o, const struct output_limits *limits, struct arena *a)
{
    const struct transport *t = o->endpoint->transport;
    struct outbox *box = &o->box;
    /* Lines with the largest numbers, of series that come and go, are longer than 32 bytes. */
    size_t lines = ADDED_LINES + (limits->counters > ADDED ? limits->snapshot_max / 32 : 0), shortest;

    box->record = o->endpoint->format->record;
    box->line_max = o->line_max;
    box->chunk_max = t->chunk_max ? t->chunk_max : o->line_max;
    box->newest_only = o->policy.newest_only;
    box->apart = o->policy.keep;
    shortest = box->chunk_max > DATAGRAM_MIN && !t->line_max && !limits->mtu_set
                   ? DATAGRAM_MIN
                   : box->chunk_max; /* a path may limit datagrams to that */
    box->ring.cap = outbox_room(t->shape == SHAPE_DATAGRAM ? 1 : 2, limits->snapshot_max, shortest, lines);
    if (limits->packets)
        box->ring.cap += outbox_packets_room(box->chunk_max, o->data_cap);
    if (output_waits(o->endpoint) && box->ring.cap < limits->buffer)
        box->ring.cap = limits->buffer;
    box->ring.bytes = arena_zero(a, box->ring.cap, 1);
    box->pending = arena_zero(a, limits->counters, sizeof *box->pending);
}

int output_init(struct output *o, const struct endpoint *endpoint, const struct output_limits *limits, struct arena *a)
{
    o->endpoint = endpoint;
    o->mtu = limits->mtu;
    o->mtu_set = limits->mtu_set;
    o->line_max = transport_line_max(endpoint->transport, limits->mtu);
    o->policy = policy_of(endpoint, endpoint->transport->shape == SHAPE_STREAM);
    o->spread_ns = limits->interval_ns / 4 < SPREAD_MS * NS_PER_MS ? limits->interval_ns / 4 : SPREAD_MS * NS_PER_MS;
    o->replay_ns = limits->replay_ns;
    o->link = arena_zero(a, 1, sizeof *o->link);
    link_init(o->link, endpoint);
    if (endpoint->n_targets > 1) {
        o->other = arena_zero(a, 1, sizeof *o->other);
        link_init(o->other, endpoint);
    }
    o->data_cap = endpoint->transport->batch_max > o->line_max ? endpoint->transport->batch_max : o->line_max + 1;
    o->data = arena_zero(a, o->data_cap, 1);
    init_box(o, limits, a);
    o->packet_max = o->box.chunk_max;
    init_packets(o, limits->packets, a);
    pthread_mutex_init(&o->packets_lock, NULL);
    pthread_mutex_init(&o->lock, NULL);
    return net_wake_open(&o->wake);
}

int output_start(struct output *o)
{
    return -pthread_create(&o->thread, NULL, delivery_run, o);
}

size_t output_line_max(struct output *o)
{
    size_t line_max;

    pthread_mutex_lock(&o->lock);
    line_max = o->line_max;
    pthread_mutex_unlock(&o->lock);
    return line_max;
}

void output_relay(void *output, const char *lines, size_t len, uint32_t n)
{
    struct output *o = output;
    bool was_empty;

    pthread_mutex_lock(&o->packets_lock);
    was_empty = packets_put(&o->packets, lines, len, n);
    pthread_mutex_unlock(&o->packets_lock);
    if (was_empty)
        net_wake_signal(&o->wake);
}

struct packets output_read_packets(struct output *o)
{
    struct packets copy;

    pthread_mutex_lock(&o->packets_lock);
    copy = o->packets;
    pthread_mutex_unlock(&o->packets_lock);
    return copy;
}

/* Logs when lines begin to be lost for want of room, and when that is over. lost: lines that the last snapshot
 * displaced, or its own, and packets since the one before. idle: nothing waited when it came. */
static void note_overload(struct output *o, uint64_t lost, bool idle)
{
    if (lost)
        trouble_note(&o->overload, o->endpoint->name, "lines are dropped", "there is no room for them",
                     "the oldest go first", true);
    else if (idle)
        trouble_over(&o->overload, o->endpoint->name, "lines are sent in time again", "snapshots");
}

void output_begin(struct output *o, uint64_t poll, bool timed, bool adds)
{
    struct packets packets = output_read_packets(o);

    pthread_mutex_lock(&o->lock);
    o->lost_packets = packets.dropped - o->dropped_packets;
    o->dropped_packets = packets.dropped;
    o->idle = !outbox_waiting(&o->box) && !packets.lines;
    o->dropped_before = o->box.dropped_lines;
    o->refuses = !timed && o->policy.keep && o->endpoint->format->timestamps;
    if (!o->refuses)
        outbox_begin(&o->box, poll, adds);
}

void output_add(struct output *o, const struct lines *piece)
{
    if (o->refuses)
        o->stats.n[DROPPED_LINES] += piece->n;
    else
        outbox_add(&o->box, piece);
}

void output_end(struct output *o, uint64_t oversized)
{
    bool waits = o->policy.wait && !o->policy.newest_only;
    uint64_t lost = o->lost_packets + (waits ? o->box.dropped_lines - o->dropped_before : 0);
    bool idle = o->idle;

    if (!o->refuses)
        outbox_end(&o->box);
    o->stats.n[DROPPED_LINES] += oversized;
    pthread_mutex_unlock(&o->lock);
    note_overload(o, lost, idle);
    net_wake_signal(&o->wake);
}

bool output_take_pending(struct output *o, struct added *sum)
{
    bool any;

    pthread_mutex_lock(&o->lock);
    any = pending_take(o->box.pending, sum);
    pthread_mutex_unlock(&o->lock);
    return any;
}

void output_count(struct output *o, enum output_counter counter, uint64_t n)
{
    pthread_mutex_lock(&o->lock);
    o->stats.n[counter] += n;
    pthread_mutex_unlock(&o->lock);
}

struct output_stats output_read_stats(struct output *o)
{
    struct packets packets = output_read_packets(o);
    struct output_stats stats;

    pthread_mutex_lock(&o->lock);
    stats = o->stats;
    stats.n[SENT_LINES] += o->box.delivered_lines;
    stats.n[DROPPED_LINES] += o->box.dropped_lines + packets.dropped;
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

bool output_is_closing(struct output *o)
{
    bool closing;

    pthread_mutex_lock(&o->lock);
    closing = o->closing;
    pthread_mutex_unlock(&o->lock);
    return closing;
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

    pthread_mutex_lock(&o->lock); /* so that none is moved meanwhile */
    left = o->box.lines + o->box.doubts.lines + output_read_packets(o).lines;
    pthread_mutex_unlock(&o->lock);
    return left;
}
