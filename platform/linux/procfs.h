/* /proc/net/{tcp,tcp6,udp,udp6}: on every Linux, at some ten times netlink's cost. */
#ifndef PROCFS_H
#define PROCFS_H

#include "count/backend.h"

extern const struct backend backend_procfs;

#endif
