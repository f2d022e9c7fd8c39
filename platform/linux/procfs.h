/* Reads /proc/net/{tcp,tcp6,udp,udp6}, which every Linux has, at some ten times the cost of netlink. */
#ifndef PROCFS_H
#define PROCFS_H

#include "count/backend.h"

extern const struct backend backend_procfs;

#endif
