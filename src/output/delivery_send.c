#include "output/delivery_send.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "output/connection.h"
#include "output/parts.h"

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
    else if (error == -E2BIG)
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

void delivery_send(struct output *o)
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
