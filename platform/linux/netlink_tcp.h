/* Counts TCP sockets for the backend netlink. */
#ifndef NETLINK_TCP_H
#define NETLINK_TCP_H

#include "count/backend.h"
#include "sock_diag.h"

/* The state LISTEN, as a bit of states (include/net/tcp_states.h). */
#define NETLINK_LISTEN (1u << 10)

/* The backend. netlink_tcp maintains what is not set when it opens. */
struct backend_state {
    const struct backend_want *want;
    const char *exact; /* why the counters are never used; NULL: they may be */
    bool fit;          /* this kernel's counters can be compared */
    int differences;   /* the last checks in a row in which the list had more (> 0) or fewer (< 0) than the counters */
    bool contradicted; /* they were CHECKS_MAX */
    unsigned counted;  /* polls since the last check; 0: a check is due */

    bool few;         /* the last poll had too few sockets for counting */
    bool most_listed; /* a filter would have listed most of its sockets */
    bool most_ipv6;   /* most of them were IPv6 */
    bool any_ipv6;    /* some of them were IPv6 */

    /* The ports of either side whose sockets are listed in this poll. */
    struct port_set wanted[FILTER_SIDES];
    struct filter_ports ranges;

    /* The filter of samples, of the rules' local ports. */
    size_t sampled_len; /* 0: all listeners are sampled */
    uint32_t sampled[FILTER_MAX / sizeof(uint32_t)];

    struct sock_diag diag;
};

/* Emits all TCP sockets. records_counters: a recording gets the counters, before the list and after it, or has them.
 * Returns 0 or -errno. */
int netlink_tcp(struct backend_state *state, struct netlink_dump *dump, bool records_counters);

#endif
