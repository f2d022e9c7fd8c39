/* A ring of bytes. Offsets count from head. Pure. */
#ifndef RING_H
#define RING_H

#include <stddef.h>

struct ring {
    char *bytes; /* the caller's, cap of them */
    size_t cap, head, used;
};

/* Copy len bytes out of the ring, or into it. The range ends at or before offset cap. */
void ring_read(const struct ring *r, size_t at, void *data, size_t len);
void ring_write(struct ring *r, size_t at, const void *data, size_t len);

/* Appends len bytes. The caller has checked that they fit. */
void ring_append(struct ring *r, const void *data, size_t len);

/* Copies the len bytes at offset from_at of another ring to offset `at`. */
void ring_write_from(struct ring *r, size_t at, const struct ring *from, size_t from_at, size_t len);

/* Adds len bytes before head, which the caller then writes. The caller has checked that they fit. */
void ring_prepend(struct ring *r, size_t len);

/* Removes len bytes at head. */
void ring_skip(struct ring *r, size_t len);

/* Moves len bytes to a lower offset. */
void ring_move_down(struct ring *r, size_t to, size_t at, size_t len);

/* Moves the size bytes at offset `at` to the end. */
void ring_move_last(struct ring *r, size_t at, size_t size);

/* Moves the contents to the front of the memory if `need` more bytes then fit before the old head. Otherwise a nearly
 * empty ring would, over time, touch every page. Returns the bytes by which it moved, or 0. */
size_t ring_move_to_front(struct ring *r, size_t need);

#endif
