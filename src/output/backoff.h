/* When a connection may be tried again. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

struct backoff {
    uint64_t at_ns; /* not before */
    unsigned ms;    /* the last span that a pause was drawn from; 0: the next is the first */
};

/* Draws the next pause, with full jitter, from a span that doubles up to max_ms. least_ms: where the receiver said how
 * long to wait, the pause is that and a little more. output: for the log. */
void backoff_next(struct backoff *b, const char *output, unsigned max_ms, unsigned least_ms);

#endif
