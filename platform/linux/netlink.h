/* Reads sockets by sock_diag(7), the kernel's netlink dump. */
#ifndef NETLINK_H
#define NETLINK_H

#include "count/backend.h"

extern const struct backend backend_netlink;

#endif
