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
#include "output/ring.h"

struct chunk {
    uint64_t poll;     /* whose snapshot */
    uint64_t end;      /* under way: the connection's position after it; 0: it is passed over */
    uint64_t acked_ns; /* when it was first seen to be acknowledged */
    uint64_t passed;   /* delivered_lines when it was put behind the others, or 0 */
    uint32_t len;      /* bytes of its lines, the last newline included */
    uint32_t lines;
    uint32_t index, of; /* place in its snapshot: 0 … of-1 */
    uint16_t extra;     /* bytes before its lines in the ring: a struct added, of its own lines alone */
    uint8_t strikes;    /* connections that broke while it was under way */
    uint8_t copies;     /* connections that it was sent over; 255: as many or more */
    bool increments;    /* its lines must not be delivered twice */
    bool counted;       /* its lines are counted: as delivered, perhaps over an earlier connection, or as dropped */
    bool done;          /* it is never sent again */
    bool alone;         /* it was refused with others: it is sent while no other is under way */
    bool suspected;     /* connections broke with it: it is sent alone as well, while none gets through */
};

/* A chunk that was dropped while under way: whether it arrived will be known. */
struct doubt {
    uint64_t end, lines;
    struct added added;
};

/* Chunks that are under way or in doubt. With so many no more are taken, so each has its place among the doubts. */
#define UNDER_WAY_MAX 32

struct outbox {
    struct ring ring;
    size_t sent, acked; /* bytes from head */
    size_t last;        /* where in the ring the chunk lies that was taken last */
    size_t line_max;    /* bytes, the newline not counted */
    size_t chunk_max;   /* bytes of a chunk without its last newline; a longer line is a chunk of its own */
    bool newest_only;   /* a new snapshot drives out those that wait: they are worth nothing late */
    bool apart;         /* increments are chunks of their own, so that it is known which were lost */
    bool lonely;        /* the chunk under way has to be alone */
    bool troubled;      /* a connection broke, and no chunk got through since */
    bool mixed;         /* a chunk was put behind younger ones */
    uint64_t newest_poll;
    uint64_t lines;                    /* in the ring and not counted yet */
    unsigned n_under_way;              /* chunks in the ring that were taken and not acknowledged */
    struct doubt doubt[UNDER_WAY_MAX]; /* the oldest first */
    unsigned n_doubts;
    uint64_t doubt_lines;                    /* of all these */
    uint64_t delivered_lines, dropped_lines; /* ever */
    struct added pending;                    /* of snapshots whose increments were dropped; the caller takes them */
};

/* One poll's lines, each ended by a newline. */
struct lines {
    uint64_t poll;
    const char *text;
    size_t len;
    uint64_t n;                /* lines */
    size_t gauges;             /* bytes before the lines of increments; len: there are none */
    const struct added *added; /* those increments; needed if there are any: */
    const uint8_t *counter;    /* which of them it is, of each of these lines */
};

/* Returns the bytes a ring needs for n snapshots of size bytes each. */
size_t outbox_room(size_t n, size_t size, size_t chunk_max);

/* Adds a snapshot. Lines are no longer than line_max. */
void outbox_put(struct outbox *box, const struct lines *lines);

/* Returns true if a chunk waits that can be taken now: there may be others under way that it has to wait for. */
bool outbox_ready(struct outbox *box);

/* Copies the oldest chunk that waits, which then is under way; data has room for the longest line and its newline.
 * Returns false if none can be taken now, or it is longer than room. */
bool outbox_take(struct outbox *box, struct chunk *chunk, char *data, size_t room);

/* The chunk taken last is with the kernel; end: the connection's position after it, which is not 0. */
void outbox_sent(struct outbox *box, uint64_t end);

/* All up to position end is acknowledged; UINT64_MAX: all that is under way. */
void outbox_acked(struct outbox *box, uint64_t end, uint64_t now_ns);

/* Lets go of chunks that are not under way, if they were first acknowledged up to before_ns and sent over so many
 * connections. */
void outbox_forget(struct outbox *box, uint64_t before_ns, unsigned copies);

/* The connection ended: what was under way or kept waits again; with newest_only, the gauges
 * of the newest snapshot and increments that were not delivered. */
void outbox_rewind(struct outbox *box);

/* The receiver refused what is under way. A single chunk is dropped: it never will be taken. Of several each is sent
 * alone from now on, once they wait again. Returns true if it was dropped. */
bool outbox_refuse(struct outbox *box);

/* The connection broke, and what is under way may be the cause. A chunk to which that happened strikes_max times is
 * sent alone, until another gets through. One that breaks a connection alone as well stays alone, and goes behind all
 * others; after strikes_max such breaks, between which others arrived each time, it is dropped. Returns true if it was.
 * What is under way waits again after outbox_rewind. */
bool outbox_strike(struct outbox *box, unsigned strikes_max);

/* Drops what is under way, and what waits. */
void outbox_clear(struct outbox *box);

static inline bool outbox_waiting(const struct outbox *box)
{
    return box->ring.used > box->sent;
}

static inline bool outbox_under_way(const struct outbox *box)
{
    return box->sent > box->acked || box->doubt_lines;
}

/* Returns the length, the last newline included, of the longest run of whole lines that has at most
 * max bytes without it, or of the first line if that is longer; *n: its lines. */
size_t pack_lines(const char *lines, size_t len, size_t max, uint32_t *n);

#endif
