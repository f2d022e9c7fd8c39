/* The state of an output, in words. */
#ifndef STATE_H
#define STATE_H

#include "output/output.h"

/* The last poll. */
struct last_poll {
    uint64_t number;      /* as output_begin got it */
    uint64_t ns;          /* when it began, by the clock of platform_monotonic_ns */
    uint64_t interval_ns; /* since the one before */
};

#define STATE_MAX 512 /* bytes */

/* Writes, NUL-terminated, whether the output works or why not, how many lines wait and since when, and how many were
 * dropped. Lines of applications have no age. Main thread only. */
void output_state(struct output *o, const struct last_poll *last, char out[STATE_MAX]);

#endif
