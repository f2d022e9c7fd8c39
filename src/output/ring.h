/* A ring of bytes, which are named by their distance from head. Pure. */
#ifndef RING_H
#define RING_H

#include <stddef.h>

struct ring {
    char *bytes; /* the caller's, cap of them */
    size_t cap, head, used;
};

/* Copies len bytes out of the ring, or into it; they lie before head + cap. */
void ring_read(const struct ring *r, size_t at, void *data, size_t len);
void ring_write(struct ring *r, size_t at, const void *data, size_t len);

/* Adds len bytes at the end; there is room for them. */
void ring_append(struct ring *r, const void *data, size_t len);

/* Takes len bytes away at head. */
void ring_skip(struct ring *r, size_t len);

/* Puts the size bytes at that distance behind all others. */
void ring_move_last(struct ring *r, size_t at, size_t size);

/* Returns by how many bytes it moved all to the front of the memory: 0 unless need more bytes fit there before head.
 * Else head would walk on, and make every page of a ring resident that holds little. */
size_t ring_move_to_front(struct ring *r, size_t need);

#endif
