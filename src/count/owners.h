/* The process that owns a port series: seldom looked for, cheaply verified.
 *
 * A walk over all processes' descriptors serves every series that has sockets but no known
 * owner, at most once a minute. An owner that is not found is looked for again after 1, 2,
 * 4 … 60 minutes, or as soon as the series has a new listener. A known owner costs one
 * readlink a poll. A kernel that names the owner in each row needs no walk. */
#ifndef OWNERS_H
#define OWNERS_H

#include "count/tally.h"
#include "platform.h"

struct owners {
    const char *proc;      /* where procfs is mounted */
    bool walked;           /* there was a walk */
    uint64_t walked_ms;    /* time of the last walk */
    struct wanted *wanted; /* inodes of one walk, ascending; room for those of all series */
    uint32_t n_wanted;
};

/* Allocates from a, for every series that t can have. */
void owners_init(struct owners *o, const struct tally *t, const char *proc, struct arena *a);

/* Updates the owner of each series, after tally_end. */
void owners_update(struct owners *o, struct tally *t);

#endif
