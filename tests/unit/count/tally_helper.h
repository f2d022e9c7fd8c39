/* Polls of a tally, as the tests of several modules make them. */
#ifndef TALLY_HELPER_H
#define TALLY_HELPER_H

#include "count/tally.h"

struct polls {
    struct arena arena;
    struct rules rules;
    struct tally tally;
    uint64_t now_ms;
};

/* Time begins at an hour: a machine that was just started is no special case. */
void polls_init(struct polls *p, const char *rules, uint32_t max_series);
void polls_free(struct polls *p);

/* One socket of this poll. */
void tcp(struct polls *p, const char *address, uint16_t port, enum tcp_state state, uint32_t inode);
void udp(struct polls *p, const char *address, uint16_t port, uint32_t inode);

void poll_begin(struct polls *p); /* now_ms is the caller's to move */
void poll_end(struct polls *p);   /* with tally_expire: a poll that was read and pushed */

/* The pushed series of that name, or NULL. */
struct series *series_named(struct polls *p, const char *addr_port, int ip_version);

/* Sockets of all fields. */
uint64_t sockets_of(const struct series *s);

/* "80/4 80/6 *": addr_port and ip_version of all pushed series, in order. */
const char *series_names(struct polls *p);

#endif
