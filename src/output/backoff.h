/* The pause before the next attempt to connect. It runs in the output's thread. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

struct backoff {
    uint64_t at_ns; /* no attempt before this time */
    unsigned ms;    /* the span that the last pause was drawn from; 0: the next pause is the first */
};

/* Draws the next pause, with full jitter, from a span that doubles up to max_ms. Where the receiver asked for a pause
 * of least_ms, the next one is that and a pause drawn from such a span, or from a quarter of least_ms if that is
 * longer: it may have asked all machines to come back at the same second. `output` is its name for the log. */
void backoff_next(struct backoff *b, const char *output, unsigned max_ms, unsigned least_ms);

#endif
