/* Polls of a tally, for the tests of several modules. */
#ifndef TALLY_HELPER_H
#define TALLY_HELPER_H

#include "count/tally.h"

struct polls {
    struct arena arena;
    struct rules rules;
    struct tally tally;
    uint64_t now_ms;
};

/* Time begins at one hour, so a machine that has just started is not a special case. */
void polls_init(struct polls *p, const char *rules, uint32_t max_series);
void polls_free(struct polls *p);

/* Adds one socket to this poll. */
void tcp(struct polls *p, const char *address, uint16_t port, enum tcp_state state, uint32_t inode);
void udp(struct polls *p, const char *address, uint16_t port, uint32_t inode);

/* Adds one TCP socket that is connected. */
void tcp_to(struct polls *p, const char *address, uint16_t port, const char *remote, uint16_t remote_port,
            enum tcp_state state, uint32_t inode);

void poll_begin(struct polls *p); /* the caller moves now_ms */
void poll_end(struct polls *p);   /* calls tally_expire, too: the poll was read and pushed */

/* Returns the pushed series of that name, or NULL. */
struct series *series_named(struct polls *p, const char *addr_port, int ip_version);

/* Return the number of sockets over all fields: of a series, and of all sockets. */
uint64_t sockets_of(const struct series *s);
uint64_t sockets_in_total(const struct polls *p);

/* Returns addr_port and ip_version of all pushed series, in order: "80/4 80/6 *". */
const char *series_names(struct polls *p);

#endif
