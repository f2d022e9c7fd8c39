/* The answer to a sock_diag dump. Pure. Layouts: linux/netlink.h, linux/inet_diag.h. */
#ifndef NETLINK_PARSE_H
#define NETLINK_PARSE_H

#include <stddef.h>

#include "count/backend.h"

struct netlink_dump {
    uint32_t seq; /* of the request: messages of others are passed over */
    enum protocol protocol;
    sock_fn *emit;
    void *ctx;
    struct poll_report *report;
};

enum { NETLINK_MORE = 0, NETLINK_DONE = 1 };

/* Reads one datagram of messages. NETLINK_MORE, NETLINK_DONE after a dump that ended
 * well, or -errno: the kernel's own (in an error message, or in the payload of DONE, where
 * a missing tcp_diag module hides), or -EBADMSG for what is not such a message. */
int netlink_parse(const void *data, size_t len, const struct netlink_dump *dump);

#endif
