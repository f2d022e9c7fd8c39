/* Lines that wait for an output: a ring, bounded in bytes, of chunks of whole lines.
 * A chunk is what is handed to the kernel at once: a datagram, or a write. When the ring
 * is full the oldest whole snapshot (the chunks of one poll) goes, and is counted.
 * Pure; the output locks. */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chunk {
    uint64_t poll;  /* whose snapshot */
    uint32_t len;   /* bytes, the last newline included */
    uint32_t lines;
    uint32_t index, of; /* place in its snapshot: 0 … of-1 */
};

struct outbox {
    char *ring; /* the caller's, cap bytes */
    size_t cap, head, used;
    size_t chunk_max; /* bytes of a chunk, its last newline not counted */
    bool newest_only; /* a new snapshot drives out the older: they are worth nothing late */
    uint64_t lines;   /* waiting */
    uint64_t dropped_lines; /* ever */
};

/* Bytes a ring needs for n snapshots of size bytes each. */
size_t outbox_room(size_t n, size_t size, size_t chunk_max);

/* Adds one poll's lines, each ended by a newline and none longer than chunk_max. */
void outbox_put(struct outbox *box, uint64_t poll, const char *lines, size_t len);

/* Takes the oldest chunk; data has chunk_max + 1 bytes. False: none waits. */
bool outbox_take(struct outbox *box, struct chunk *chunk, char *data);

/* Drops all that waits, counted. */
void outbox_clear(struct outbox *box);

/* Length, the last newline included, of the longest run of whole lines that has at most
 * max bytes without it; *n: its lines. 0 if the first line alone is longer. */
size_t pack_lines(const char *lines, size_t len, size_t max, uint32_t *n);

#endif
