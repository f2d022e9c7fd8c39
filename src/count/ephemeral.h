/* The local ports that connections leave: they run out towards one address and port at a time. Two connections may
 * share a local port as long as another address or port differs, so the limit is of each (local address, remote
 * address, remote port). Pure; memory is allocated once. */
#ifndef EPHEMERAL_H
#define EPHEMERAL_H

#include "base/arena.h"
#include "count/ports.h"
#include "count/sock.h"

/* So many are kept apart. A busy one has many sockets all over the kernel's table, so it is seldom among the rest. */
#define ROUTES_MAX 4096

/* A local address, and the remote side that is reached from it. */
struct route {
    uint8_t local[16], remote[16];
    uint16_t remote_port;
    uint8_t ip_version;
    uint32_t used;   /* ports of the set that are in use, TIME_WAIT included */
    uint32_t series; /* the caller's */
};

struct ephemeral {
    struct port_set ports; /* the ports that the system chooses from; the caller's to fill; empty: they are not known */
    struct route *route;   /* the first n are in use */
    uint16_t *slot;        /* open-addressing hash: 1 + route, or 0 */
    uint32_t n;
    uint64_t left_out; /* sockets since ephemeral_clear that found no room */
};

struct ephemeral *ephemeral_new(struct arena *a);

void ephemeral_clear(struct ephemeral *e);

/* Counts a TCP socket that has a remote side, if its local port is in the set. */
void ephemeral_add(struct ephemeral *e, const struct sock *s, uint32_t series);

/* Returns `used` of `ports` in percent, rounded down; at most 100. */
uint8_t ephemeral_percent(uint32_t used, uint32_t ports);

#endif
