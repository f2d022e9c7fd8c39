#include "output/delivery.h"

#include "base/deadline.h"
#include "output/connection.h"
#include "output/delivery_send.h"
#include "output/limits.h"
#include "output/reconnect.h"

/* Waits for a new snapshot, for bytes from the receiver, or for the next look at acknowledgements or targets. */
static void wait_for_work(struct output *o, bool under_way)
{
    bool watch = o->policy.keep && o->link->fd >= 0;
    int ms = reconnect_look_ms(o), ack_ms = connection_ack_pause_ms(o);

    if (watch && under_way && (ms < 0 || ack_ms < ms))
        ms = ack_ms;
    /* A stream's end is noticed here. A write after it would be lost. */
    net_wake_wait(&o->wake, watch ? o->link->fd : -1, ms);
    reconnect_look(o);
}

/* Counts the last datagram as lost if its refusal is known by now, as it is on loopback. */
static void last_refusal(struct output *o)
{
    int ret = o->link->fd < 0 || o->link->stream ? 0 : net_pending_error(o->link->fd);

    if (!ret)
        return;
    connection_note(o, "the last datagram was not received", ret, "retrying", false);
    output_count(o, DROPPED_LINES, o->chunk.lines);
}

/* Returns true if the receiver asked for a pause that outlasts the program. */
static bool waits_beyond_end(const struct output *o)
{
    return o->link->fd < 0 && o->link->wait_ms && o->backoff.at_ns > deadline_in(FLUSH_MS);
}

/* Makes what waits go now, because the program ends. */
static void hurry(struct output *o)
{
    o->hurried = true;
    o->quiet = false;
    if (!o->link->wait_ms)
        o->backoff.at_ns = 0;
}

/* Returns how long the next chunk has to wait, in nanoseconds: a snapshot's datagrams are due by the clock. Pauses
 * would add up: on Windows one takes 15 ms. Call it with the lock held. */
static uint64_t until_due(struct output *o)
{
    struct chunk next;
    uint64_t now, due;

    if (o->link->fd < 0 || o->link->stream || o->closing || !outbox_peek(&o->box, &next) || next.index % BURST_CHUNKS)
        return 0;
    now = platform_monotonic_ns();
    due = o->paced_from_ns + o->spread_ns / next.of * next.index;
    return now < due ? due - now : 0;
}

/* Waits for the time of the next chunk, or for a packet. */
static void pause_sending(struct output *o, uint64_t ns)
{
    if (ns < NS_PER_MS)
        platform_sleep_ns(ns);
    else
        net_wake_wait(&o->wake, -1, (int)(ns / NS_PER_MS));
}

/* Moves a packet into the outbox if there is a connection to send it. One datagram at a time: it goes while a
 * snapshot's are not due. Returns true if the queue has more. Call it with the lock held. */
static bool move_packet(struct output *o)
{
    bool first = until_due(o), any;

    pthread_mutex_lock(&o->packets_lock);
    if (o->link->fd >= 0 && (o->link->stream || first || !outbox_waiting(&o->box)))
        outbox_move_packet(&o->box, &o->packets, first);
    any = o->packets.ring.used;
    pthread_mutex_unlock(&o->packets_lock);
    return any;
}

/* Does the next piece of work, or waits for it. Returns false when the thread is to end. */
static bool step(struct output *o)
{
    bool packets, ready, waiting, under_way, closing, fresh;
    uint64_t due_ns;

    connection_drain(o);
    pthread_mutex_lock(&o->lock);
    packets = move_packet(o);
    due_ns = until_due(o);
    ready = outbox_ready(&o->box) || (packets && o->link->fd < 0); /* the connection opens for them */
    waiting = outbox_waiting(&o->box) || packets;
    under_way = outbox_under_way(&o->box);
    fresh = o->box.lines || packets;
    closing = o->closing;
    pthread_mutex_unlock(&o->lock);
    if (closing && !o->hurried)
        hurry(o);
    if (o->quiet && !fresh) /* what may be lost goes with the next snapshot */
        ready = waiting = false;
    if (closing && waiting && waits_beyond_end(o))
        return false;
    if (due_ns) {
        pause_sending(o, due_ns);
    } else if (ready && reconnect_ensure(o)) {
        reconnect_look(o);
        delivery_send(o);
    } else if (!ready && (waiting || !closing)) {
        wait_for_work(o, under_way);
    } else if (!ready) {
        return !connection_finish(o, true);
    }
    return !o->link->gone;
}

void *delivery_run(void *arg)
{
    struct output *o = arg;

    while (step(o))
        ;
    last_refusal(o);
    link_close(o->link);
    pthread_mutex_lock(&o->lock);
    o->done = true;
    pthread_mutex_unlock(&o->lock);
    platform_wake();
    return NULL;
}
