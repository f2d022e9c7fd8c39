/* The series that sockets make, of rules such as "listen" and "*:80": found by their key, made, ended. A part of the
 * tally, for tally.c; tally_expire is here, too. */
#ifndef DISCOVERY_H
#define DISCOVERY_H

#include "count/tally.h"

/* Names a series among those that sockets make. */
struct discovery_key {
    int rule;
    uint8_t ip_version;
    uint16_t port;
    uint64_t view;
    const uint8_t *address; /* 16 bytes; zeros: of no address */
};

/* Sets up the tables, once t->n_room, n_explicit and max_discovered are set. Allocates from a. */
void discovery_init(struct tally *t, struct arena *a);

/* Finds a series. create: makes it where it is absent. Once there are as many as there may be, the others are one,
 * "other". Returns NULL for one that is absent. */
struct series *discovery_find(struct tally *t, const struct discovery_key *k, bool create);

/* Notes which series have sockets in this poll. Ends those that came from a reading that was discarded. */
void discovery_settle(struct tally *t);

/* Returns true once a series has pushed zeros long enough: for so many polls, so long. step_ms: the time from one poll
 * to the next. */
bool discovery_is_over(uint64_t zero_polls, uint64_t gone_ms, uint64_t step_ms);

#endif
