#include "output/delivery.h"

#include <errno.h>
#include <string.h>

#include "base/deadline.h"
#include "base/log.h"
#include "output/connection.h"
#include "output/limits.h"
#include "output/parts.h"
#include "output/reconnect.h"

/* --- sending --------------------------------------------------------------------- */

/* Returns true if the next chunk may be sent with those in hand. After an error one chunk is tried first, so that a
 * receiver that refuses everything does not get everything again and again. */
static bool joins(struct output *o)
{
    const struct posting *post = o->endpoint->format->post;

    if (!o->chunks)
        return true;
    if (o->backoff.ms || (o->chunks_max && o->chunks >= o->chunks_max))
        return false;
    return !post || !post->by_poll || outbox_next_joins(&o->box, &o->chunk);
}

/* Takes the next chunk, and what else can be sent at once, into o->data. Returns false if there is nothing to send. */
static bool take_chunks(struct output *o)
{
    size_t room = o->data_cap;
    bool begins = false;

    o->len = o->chunks = 0;
    pthread_mutex_lock(&o->lock);
    while (joins(o) && outbox_take(&o->box, &o->chunk, o->data + o->len, room)) {
        begins |= !o->chunk.index && !o->chunk.packet;
        o->len += o->chunk.len;
        o->chunks++;
        room = o->len < o->endpoint->transport->batch_max ? o->endpoint->transport->batch_max - o->len : 0;
    }
    if (!outbox_waiting(&o->box))
        o->chunks_max = 0; /* later chunks differ */
    pthread_mutex_unlock(&o->lock);
    if (begins) {
        o->snapshot_errors = 0;
        o->paced_from_ns = platform_monotonic_ns();
    }
    return o->chunks > 0;
}

/* Logs the end of trouble after a whole snapshot without an error, or at a packet after a while without one, since a
 * later send reports a refused datagram. */
static void note_sent(struct output *o)
{
    if (o->chunk.packet ? connection_is_sound(o) : !o->snapshot_errors && o->chunk.index + 1 >= o->chunk.of)
        trouble_over(&o->trouble, o->endpoint->name, "sending again", "errors");
}

/* Handles lines that the receiver refuses for good. A single chunk is dropped; several are then sent one by one, to
 * drop only the refused ones. */
static void send_refused(struct output *o)
{
    bool dropped;

    pthread_mutex_lock(&o->lock);
    dropped = outbox_refuse(&o->box);
    pthread_mutex_unlock(&o->lock);
    if (dropped) {
        connection_note_dropped(o, NULL);
    } else {
        output_count(o, SEND_ERRORS, 1);
        log_event(LOG_DEBUG, "output", o->endpoint->name, "%s; sending each chunk alone", o->link->why);
    }
}

/* Sends what is in hand. A datagram is split if the path's MTU shrank since it was packed. Returns 0 or -errno. */
static int send_in_hand(struct output *o)
{
    const struct transport *t = o->endpoint->transport;
    size_t sent = 0, len = 0;
    uint32_t lines;
    int ret = 0;

    if (o->link->stream)
        return t->send(o->link, o->data, o->len);
    for (; !ret && sent < o->len; sent += ret ? 0 : len) {
        len = record_pack(o->box.record, o->data + sent, o->len - sent, o->line_max, &lines);
        ret = t->send(o->link, o->data + sent, len);
    }
    o->len -= sent;
    memmove(o->data, o->data + sent, o->len);
    return ret;
}

static void rewind_box(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    outbox_rewind(&o->box);
    pthread_mutex_unlock(&o->lock);
}

/* Sends a datagram once more over a new socket, since a restarted receiver has a new one. Drops it if that fails, but
 * not a packet without a socket. */
static void send_datagram_again(struct output *o, int error)
{
    connection_note(o, "cannot send", error, "retrying", false);
    link_close(o->link);
    if (connection_open(o)) {
        rewind_box(o);
    } else if (!send_in_hand(o)) {
        connection_sent(o, 0);
        return;
    }
    connection_drop(o);
}

/* Handles lines that are too much at once: half of the chunks are sent next; a single chunk is refused. */
static void send_halves(struct output *o)
{
    if (o->chunks == 1) {
        send_refused(o);
        return;
    }
    o->chunks_max = (o->chunks + 1) / 2;
    output_count(o, SEND_ERRORS, 1);
    log_event(LOG_DEBUG, "output", o->endpoint->name, "%s; sending half", o->link->why);
    rewind_box(o);
}

/* Handles an error that is the receiver's answer: the connection is still good, or ended in order. Returns false for
 * other errors. */
static bool take_verdict(struct output *o, int error)
{
    if (o->endpoint->transport->acknowledged != ACKNOWLEDGED_BY_ANSWER)
        return false;
    if (error == -EBADMSG)
        send_refused(o);
    else if (error == -EMSGSIZE)
        send_halves(o);
    else if (error != -ENOTCONN)
        return false;
    if (o->link->fd < 0 || error == -ENOTCONN)
        connection_ended(o);
    return true;
}

/* Handles a failed send. begun: the kernel accepted a part. */
static void send_failed(struct output *o, int error, bool begun)
{
    if (take_verdict(o, error))
        return;
    o->link->cut |= begun;
    if (o->link->stream)
        connection_lost(o, "cannot send", error);
    else
        send_datagram_again(o, error);
}

/* Logs that the receiver did not store all of a request that it accepted, or its warning. */
static void note_partial(struct output *o)
{
    const struct posting *post = o->endpoint->format->post;

    if (o->link->rejected) {
        connection_note(o, "not all was stored", 0, "it is not sent again", true);
    } else if (post && post->rejected && *o->link->why) {
        o->snapshot_errors++;
        trouble_note(&o->trouble, o->endpoint->name, "stored with a warning", o->link->why, "nothing is lost", false);
    }
}

static void send_chunks(struct output *o)
{
    uint64_t start = o->link->written;
    uint64_t dropped = 0;
    int ret;

    if (!take_chunks(o))
        return;
    o->link->refused = 0;
    o->link->rejected = 0;
    o->link->wait_ms = 0;
    o->link->why[0] = '\0';
    ret = send_in_hand(o);
    if (ret && parts_help(o, ret))
        ret = parts_send(o, &dropped);
    if (ret) {
        send_failed(o, ret, o->link->written != start);
        return;
    }
    connection_sent(o, o->link->rejected + dropped);
    o->given_up = 0;
    note_partial(o);
    if (o->link->fd < 0)
        connection_ended(o); /* the receiver asked for it */
    if (!o->policy.keep || o->endpoint->transport->acknowledged == ACKNOWLEDGED_BY_ANSWER)
        o->backoff.ms = 0;
    if (o->link->refused)
        connection_note(o, "an earlier datagram was not received", o->link->refused, "retrying", false);
    connection_fit(o);
    note_sent(o);
}

/* --- the thread -------------------------------------------------------------------- */

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
        send_chunks(o);
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
