/* sock_diag: the kernel's sockets as netlink messages. */
#ifndef NETLINK_H
#define NETLINK_H

#include "count/backend.h"

extern const struct backend backend_netlink;

#endif
