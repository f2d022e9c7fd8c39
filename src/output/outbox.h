/* Lines on their way to a receiver: a ring, bounded in bytes, of chunks of whole lines.
 * A chunk is what is handed to the kernel at once: a datagram, or a write.
 *
 *     head                                       head + used
 *     | acknowledged, kept | under way | waiting |
 *                          acked       sent
 *
 * What is under way or kept can be sent again after its connection broke. When the ring is
 * full the oldest whole snapshot (the chunks of one poll) goes; its lines are counted as
 * dropped unless they were delivered. Every line that was put is in the end counted once, in
 * delivered_lines or in dropped_lines. Pure; the output locks. */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "encode/counters.h"

struct chunk {
    uint64_t poll;     /* whose snapshot */
    uint64_t end;      /* under way: the connection's position behind it */
    uint64_t acked_ns; /* acknowledged: when that was seen */
    uint32_t len;      /* bytes of its lines, the last newline included */
    uint32_t lines;
    uint32_t index, of; /* place in its snapshot: 0 … of-1 */
    uint16_t extra;     /* bytes before its lines in the ring: a struct added, of its own lines alone */
    bool increments;    /* its lines must not be delivered twice */
    bool delivered;     /* was acknowledged once, perhaps over an earlier connection */
};

/* A chunk that was dropped while under way: whether it arrived will be known. */
#define DOUBTS_MAX 8

struct doubt {
    uint64_t end, lines;
    struct added added;
};

struct outbox {
    char *ring; /* the caller's, cap bytes */
    size_t cap, head, used;
    size_t sent, acked; /* bytes from head */
    size_t last;        /* where in the ring the chunk lies that was taken last */
    size_t line_max;    /* bytes, the newline not counted */
    size_t chunk_max;   /* bytes of a chunk without its last newline; a longer line is a chunk of its own */
    bool newest_only;   /* a new snapshot drives out those that wait: they are worth nothing late */
    bool apart;         /* increments are chunks of their own, so that it is known which were lost */
    uint64_t newest_poll;
    uint64_t lines;     /* in the ring and not delivered */
    struct doubt doubt[DOUBTS_MAX]; /* the oldest first; of more than that the last is several */
    unsigned n_doubts;
    uint64_t doubt_lines; /* of all these */
    uint64_t delivered_lines, dropped_lines; /* ever */
    struct added owed;  /* of snapshots whose increments were dropped; the caller takes them */
};

/* One poll's lines, each ended by a newline. */
struct lines {
    uint64_t poll;
    const char *text;
    size_t len;
    uint64_t n;    /* lines */
    size_t gauges; /* bytes before the lines of increments; len: there are none */
    const struct added *added; /* those increments; needed if there are any: */
    const uint8_t *counter;    /* which of them it is, of each of these lines */
};

/* Bytes a ring needs for n snapshots of size bytes each. */
size_t outbox_room(size_t n, size_t size, size_t chunk_max);

/* Adds a snapshot. Lines are no longer than line_max. */
void outbox_put(struct outbox *box, const struct lines *lines);

/* Copies the oldest chunk that waits, which then is under way; data has line_max + 1 bytes.
 * False: none waits. */
bool outbox_take(struct outbox *box, struct chunk *chunk, char *data);

/* Bytes of the chunk that outbox_take would copy next; 0: none waits. */
size_t outbox_next(const struct outbox *box);

/* The chunk taken last is with the kernel; end: the connection's position behind it. */
void outbox_sent(struct outbox *box, uint64_t end);

/* All up to position end is acknowledged; UINT64_MAX: all that is under way. */
void outbox_acked(struct outbox *box, uint64_t end, uint64_t now_ns);

/* Lets go of what was acknowledged up to before_ns. */
void outbox_forget(struct outbox *box, uint64_t before_ns);

/* The connection ended: what was under way or kept waits again; with newest_only, the gauges
 * of the newest snapshot and increments that were not delivered. */
void outbox_rewind(struct outbox *box);

/* Drops what is under way: the receiver will never take it. */
void outbox_refuse(struct outbox *box);

/* Drops what is under way, and what waits. */
void outbox_clear(struct outbox *box);

static inline bool outbox_waiting(const struct outbox *box)
{
    return box->used > box->sent;
}

static inline bool outbox_under_way(const struct outbox *box)
{
    return box->sent > box->acked || box->doubt_lines;
}

/* Length, the last newline included, of the longest run of whole lines that has at most
 * max bytes without it, or of the first line if that is longer; *n: its lines. */
size_t pack_lines(const char *lines, size_t len, size_t max, uint32_t *n);

#endif
