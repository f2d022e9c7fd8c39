/* Increments of an outbox that may have to be sent again: those that are lost are pending, until a later snapshot has
 * them; those of a chunk that was dropped while under way are in doubt. Pure. */
#ifndef INCREMENTS_H
#define INCREMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "encode/encode.h"
#include "input/counters.h"

/* Adds n increments to those that are pending, by index. Of two generations with one index the newer one stays. */
void pending_add(struct increment *pending, const struct increment *increment, size_t n);

/* Moves what is pending: adds it to *sum, unless it is of an older generation. Returns false if all of it is zero. */
bool pending_take(struct increment *pending, struct added *sum);

/* Limit of chunks under way and in doubt together. At the limit none is taken, so each has a slot in doubt[]. */
#define UNDER_WAY_MAX 32

/* A chunk that was dropped while under way. Whether it arrived is not known yet. */
struct doubt {
    uint64_t end, lines;
    size_t n;
    struct increment increment[INCREMENTS_MAX];
};

struct doubts {
    unsigned first, n; /* doubt[first] is the oldest of n; after the last comes doubt[0] */
    uint64_t lines;    /* of all */
    struct doubt doubt[UNDER_WAY_MAX];
};

/* Adds a chunk that ends at that position of the connection. Returns the place for its n increments. */
struct increment *doubts_add(struct doubts *d, uint64_t end, uint64_t lines, size_t n);

/* Sets the end of the newest chunk, if it is `was`. */
void doubts_sent(struct doubts *d, uint64_t was, uint64_t end);

/* Removes chunks that arrived: those up to position end. Returns their lines. */
uint64_t doubts_deliver(struct doubts *d, uint64_t end);

/* Removes all chunks, because they did not arrive: their increments are pending. Returns their lines. */
uint64_t doubts_drop(struct doubts *d, struct increment *pending);

#endif
