/* A number for each of some sockets, which is kept from poll to poll: since when it is there, how much it has lost.
 * The table is bounded. Sockets are known by their cookies, which the kernel never gives twice. Pure. */
#ifndef NOTES_H
#define NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct note {
    uint64_t cookie, value;
    uint32_t round; /* the last one in which the socket was there, from 1 on; 0: a free note */
    uint16_t next;  /* in the hash's chain, or among the free ones: 1 + index, or 0 at the end */
};

struct notes {
    struct note *note;
    uint16_t *bucket;
    uint32_t bucket_mask;
    uint16_t n_used, max, free; /* n_used: notes that were ever used */
    uint32_t round;
    uint64_t overflow; /* sockets without a note for want of room: each counts in each round */
};

/* Sets up *t for max sockets. Allocates from a, 26 to 28 bytes for each; what is never used is not resident. */
void notes_init(struct notes *t, uint16_t max, struct arena *a);

/* Returns the number of a socket that is there, and sets *fresh if it is new: then the number is 0. Returns NULL if
 * there is no room. */
uint64_t *notes_find(struct notes *t, uint64_t cookie, bool *fresh);

/* Ends a round: forgets the sockets that notes_find was not called for in it. */
void notes_end(struct notes *t);

#endif
