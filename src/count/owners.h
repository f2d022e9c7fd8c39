/* Which process owns a port series: looked for seldom, verified cheaply.
 *
 * One walk of all processes' descriptors serves every series that needs it, at most once
 * a minute. It is made for a series whose owner has become known to be gone, or that has
 * sockets none of which was looked for before; what a walk does not find is looked for
 * again after 1, 2, 4 … 60 minutes, or as soon as the series has a new listener. A known
 * owner costs one readlink a poll. Where a kernel names the owner in each row, none of this. */
#ifndef OWNERS_H
#define OWNERS_H

#include "count/tally.h"
#include "platform.h"

struct owners {
    const char *proc;      /* root of procfs */
    bool walked;           /* ever */
    uint64_t walked_ms;    /* the last time */
    struct wanted *wanted; /* inodes of one walk, ascending; room for all series' */
    uint32_t n_wanted;
};

/* Memory for every series t can have, from a. */
void owners_init(struct owners *o, const struct tally *t, const char *proc, struct arena *a);

/* After tally_end: brings series' owner up to date. */
void owners_update(struct owners *o, struct tally *t);

#endif
