/* The accept queues of a series' listeners: connections that are established, and wait until the program accepts them.
 * A sample reads these queues between two polls, so that a burst shows in the peak. Pure. */
#ifndef ACCEPT_QUEUE_H
#define ACCEPT_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "count/sock.h"

/* Sums over the listeners of a series, in the order in which they are pushed. */
enum queue_value {
    QUEUE_DEPTH, /* waiting connections */
    QUEUE_LIMIT,
    QUEUE_PEAK, /* the largest depth since the last push, this poll's included */
    QUEUE_VALUES
};

/* Many rules make many series, so this is small. */
struct accept_queue {
    uint32_t value[QUEUE_VALUES]; /* QUEUE_DEPTH: of this reading, which may be a sample */
    uint32_t highest;             /* depth of the samples since the last push */
    uint32_t sample;              /* the last sample that had a listener of the series */
    uint8_t unknown;              /* SOCK_ bits that one of the listeners lacks */
    uint8_t pushed;               /* values that are pushed, a bit for each */
    uint8_t lost;                 /* values that were pushed until this poll */
};

/* Removes what a poll added, or begins the next one. */
void queue_clear(struct accept_queue *q);

/* Adds n listeners in a poll. */
void queue_add(struct accept_queue *q, const struct sock *listener, uint64_t n);

/* Adds n listeners in the sample with this number, which is not 0, and another one than the last sample's. */
void queue_sample(struct accept_queue *q, const struct sock *listener, uint64_t n, uint32_t sample);

/* Ends a poll's reading: finds what is pushed, and begins the next peak. peaks: the samples worked. */
void queue_end(struct accept_queue *q, bool listens, bool peaks);

/* Returns how full a listener's queue is, in percent. The kernel takes one connection more than the limit, which may be
 * 0 (include/net/sock.h, sk_acceptq_is_full): that is 100. A limit that was lowered meanwhile can make it more. */
uint64_t queue_percent(const struct sock *listener);

#endif
