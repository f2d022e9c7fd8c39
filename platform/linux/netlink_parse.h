/* Parses the answer to a sock_diag dump (linux/netlink.h, linux/inet_diag.h). Pure. */
#ifndef NETLINK_PARSE_H
#define NETLINK_PARSE_H

#include <stddef.h>

#include "count/backend.h"
#include "count/ports.h"
#include "tcp_totals.h"

struct netlink_dump {
    uint32_t seq; /* of the request; messages with others are skipped */
    enum protocol protocol;
    sock_fn *emit;
    void *ctx;
    struct poll_report *report;
    const struct port_set *wanted;        /* local ports that rows->wanted counts; or NULL */
    const struct port_set *wanted_remote; /* remote ports that it counts; or NULL */
    struct port_set *listening;           /* gets the ports of listeners; or NULL */
    struct tcp_rows rows;                 /* counts the TCP sockets that were emitted */
};

enum { NETLINK_MORE = 0, NETLINK_DONE = 1 };

/* Parses one datagram of messages. Returns NETLINK_MORE, NETLINK_DONE after a complete dump, -EBADMSG for a malformed
 * message, or the kernel's -errno from an error message or DONE's payload, where a missing tcp_diag module shows. */
int netlink_parse(const void *data, size_t len, struct netlink_dump *dump);

#endif
