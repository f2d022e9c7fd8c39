/* Datagrams that UDP sockets lost: the increases of each socket's own counter. Pure. */
#ifndef DROPS_H
#define DROPS_H

#include "count/notes.h"
#include "count/sock.h"

#define DROPS_SOCKETS 1000 /* those whose counters are remembered */
#define DROPS_SERIES  32   /* series that have an index of their own */

/* Indexes of the totals. */
enum { DROPS_IPV4, DROPS_IPV6, DROPS_FIRST_SERIES, DROPS_TOTALS = DROPS_FIRST_SERIES + DROPS_SERIES };

struct drops {
    struct notes last;            /* each socket's counter at the poll before */
    uint64_t total[DROPS_TOTALS]; /* since the start; that of an index goes on when another series takes it */
    uint64_t free[DROPS_SERIES];  /* by index: 0: it is taken; else the lower, the longer it is free */
    uint64_t frees;
    bool known;    /* the last reading of UDP told what each socket lost */
    bool left_out; /* a series found no index */
};

/* Sets up *d. Allocates from a. */
void drops_init(struct drops *d, struct arena *a);

/* Returns what the socket has lost since the poll before: 0 at its first one, or if there is no room to remember it.
 * Called once for each socket with SOCK_DROPS. */
uint32_t drops_since(struct drops *d, const struct sock *s);

/* Takes an index for a series, from DROPS_FIRST_SERIES on: the one that is free for the longest time, since lost lines
 * of the series that had it last may still come back. Returns 0 if all are taken. */
uint8_t drops_take(struct drops *d);

/* Frees an index that drops_take returned, or 0. */
void drops_free(struct drops *d, uint8_t index);

#endif
