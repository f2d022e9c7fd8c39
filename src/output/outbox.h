/* Lines on their way to a receiver: a ring, bounded in bytes, of chunks of whole lines.
 * A chunk is what is handed to the kernel at once: a datagram, or a write.
 *
 *     head                                       head + used
 *     | acknowledged, kept | under way | waiting |
 *                          acked       sent
 *
 * Chunks that are under way or kept can be sent again after their connection broke. When the ring is full, the oldest
 * whole snapshot (the chunks of one poll) is dropped, and its lines are counted as dropped unless they were delivered.
 * Packets of an application's lines come between snapshots, or amid one that is spread, each a chunk. They are never
 * sent again once acknowledged, nor replaced by something newer. Every line is counted once in the end, as delivered or
 * as dropped. Pure; the output locks. */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "encode/record.h"
#include "output/increments.h"
#include "output/packets.h"
#include "output/ring.h"

struct chunk {
    uint64_t poll;     /* the poll that its snapshot is of; a packet's own number, from UINT64_MAX downwards */
    uint64_t end;      /* while under way: the connection's position after it; 0: it is skipped */
    uint64_t acked_ns; /* when its acknowledgement was first seen */
    uint64_t passed;   /* delivered_lines + 1 when it was moved to the end; 0: it was not */
    uint32_t len;      /* bytes of its lines, the last newline included */
    uint32_t lines;
    uint32_t index, of; /* its place in its snapshot: 0 to of - 1 */
    uint16_t extra;     /* bytes before its lines in the ring: a struct increment of each line, or 0 */
    uint8_t strikes;    /* connections that broke while it was under way */
    uint8_t copies;     /* connections that carried it; 255: as many or more */
    bool packet;        /* its lines are an application's */
    uint8_t part;       /* of its snapshot */
    bool increments;    /* its lines must not be delivered twice */
    bool counted;       /* its lines are counted, as delivered or as dropped */
    bool done;          /* it is never sent again */
    bool alone;         /* it was refused with others: it is sent while no other is under way */
    bool suspected;     /* connections broke with it: it is sent alone while no chunk gets through */
};

/* Limit of chunks that wait, for packets to be moved after them. */
#define WAITING_MAX 32

/* The snapshot that is being put, or was put last. While it is put, its chunks are the last ones in the ring. */
struct put {
    uint64_t poll;
    size_t size;      /* bytes of its chunks, as they were put */
    size_t open_size; /* bytes of its last chunk, to which lines can be added; 0: to none */
    uint32_t chunks;
    bool too_large; /* for the ring */
    bool adds;      /* it replaces no other */
};

struct outbox {
    struct ring ring;
    struct put put;
    record_fn *record;    /* the format's */
    size_t sent, acked;   /* bytes from head */
    size_t last;          /* offset in ring.bytes of the chunk taken last */
    size_t line_max;      /* bytes, without the newline */
    size_t chunk_max;     /* bytes of a chunk without its last byte, a newline; only a single record may be longer */
    bool newest_only;     /* a new snapshot replaces those that wait, which are worth nothing late, but no packets */
    bool apart;           /* increments get separate chunks, so that it is known which were lost */
    bool lonely;          /* the chunk under way has to be alone */
    bool troubled;        /* a connection broke, and no chunk got through since */
    bool mixed;           /* a chunk was moved after younger ones */
    uint64_t newest_poll; /* of the newest snapshot that replaced others */
    uint64_t packets;     /* moved since the start */
    uint64_t lines;       /* in the ring and not counted yet */
    unsigned n_under_way; /* chunks in the ring that were taken and not acknowledged */
    uint64_t delivered_lines, dropped_lines; /* since the start */
    struct increment *pending;               /* dropped increments, by index, until output_take_pending */
    struct doubts doubts;                    /* large, and mostly untouched, so it is the last member */
};

/* A piece of a snapshot: whole lines, each ended by a newline. Lines of increments are at its end, with gauges between
 * them; those are INCREMENTS_MAX lines at most. */
struct lines {
    const char *text;
    size_t len;
    uint64_t n;                        /* lines */
    size_t gauges;                     /* bytes before the lines of increments; len: no such lines */
    const struct increment *increment; /* of each line from there on */
    uint8_t part;                      /* of the snapshot: chunks of different parts do not mix */
};

/* Returns the ring size, in bytes, for n snapshots of size bytes each, in pieces as sinks flush them. lines: the most
 * lines with an increment of a piece, of the whole snapshot. */
size_t outbox_room(size_t n, size_t size, size_t chunk_max, size_t lines);

/* Returns the bytes to add to it for packets, of chunk_max bytes as a rule, and len_max at most. */
size_t outbox_packets_room(size_t chunk_max, size_t len_max);

/* Add a snapshot in pieces, whose lines are no longer than line_max: begin, one call for each piece, end. The lock is
 * held from begin to end. One that is larger than the ring is dropped. Polls rise. adds: with newest_only, the snapshot
 * is one more beside the last, which it does not replace. */
void outbox_begin(struct outbox *box, uint64_t poll, bool adds);
void outbox_add(struct outbox *box, const struct lines *piece);
void outbox_end(struct outbox *box);

/* Moves the oldest packet to the end, unless WAITING_MAX chunks wait, or it would displace lines that were not
 * delivered, or take the room of a snapshot as large as the last. first: moves it before all that waits instead; none
 * is under way or kept. Call it while no chunk is in hand. */
void outbox_move_packet(struct outbox *box, struct packets *from, bool first);

/* Returns true if the next chunk can be taken now. It cannot while it waits for others that are under way. */
bool outbox_ready(struct outbox *box);

/* Copies the header of the next chunk to *next. Returns false if none can be taken now. */
bool outbox_peek(struct outbox *box, struct chunk *next);

/* Returns true if the next chunk can be taken now, and is of the same poll and part. */
bool outbox_next_joins(struct outbox *box, const struct chunk *before);

/* Returns the poll of the oldest snapshot that has lines which were neither delivered nor dropped; 0: there is none. */
uint64_t outbox_oldest(const struct outbox *box);

/* Copies the oldest waiting chunk to data and its header to *chunk; then it is under way. Returns false if none can be
 * taken now, or it is longer than room. Room for line_max and a newline is always enough. */
bool outbox_take(struct outbox *box, struct chunk *chunk, char *data, size_t room);

/* Marks the chunk taken last as handed to the kernel. end, not 0, is the connection's position after it. */
void outbox_sent(struct outbox *box, uint64_t end);

/* Marks all chunks up to position end as acknowledged at now_ns; UINT64_MAX: all that are under way. */
void outbox_acked(struct outbox *box, uint64_t end, uint64_t now_ns);

/* Drops chunks that are not under way, if they were first acknowledged by before_ns and carried by at least `copies`
 * connections. */
void outbox_forget(struct outbox *box, uint64_t before_ns, unsigned copies);

/* Makes chunks that were under way or kept wait again, after the connection ended. With newest_only, only the gauges
 * and undelivered increments of the newest snapshot and of those added to it remain, and undelivered packets. */
void outbox_rewind(struct outbox *box);

/* Handles a refusal of what is under way. A single chunk is dropped, because it will never be accepted. Several wait
 * again, and each is sent alone. Returns true if a chunk was dropped. */
bool outbox_refuse(struct outbox *box);

/* Handles a break of the connection that the chunks under way may have caused. A chunk with strikes_max such breaks is
 * sent alone until another gets through. If it breaks a connection alone as well, it stays alone and moves to the end.
 * After strikes_max more such breaks, with others delivered between them, it is dropped. Returns true if it was
 * dropped. Call outbox_rewind afterwards. */
bool outbox_strike(struct outbox *box, unsigned strikes_max);

/* Drops what is under way or waits, but packets that wait. */
void outbox_clear(struct outbox *box);

static inline bool outbox_waiting(const struct outbox *box)
{
    return box->ring.used > box->sent;
}

static inline bool outbox_under_way(const struct outbox *box)
{
    return box->sent > box->acked || box->doubts.lines;
}

#endif
