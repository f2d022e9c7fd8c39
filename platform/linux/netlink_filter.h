/* Bytecode with which inet_diag chooses the sockets that it lists (linux/inet_diag.h, INET_DIAG_REQ_BYTECODE;
 * net/ipv4/inet_diag.c runs it). Pure. */
#ifndef NETLINK_FILTER_H
#define NETLINK_FILTER_H

#include <stddef.h>

#include "count/ports.h"

#define FILTER_RANGES 64 /* of both sides; more cost the kernel more than the rows that they leave out */
#define FILTER_MAX    2048

#define FILTER_FAMILY_MAX 32 /* bytes of a filter without ranges */

/* The sockets that are listed whatever their port is. */
enum filter_family {
    FILTER_NONE,
    FILTER_IPV4, /* v4-mapped ones, too */
    FILTER_IPV6, /* but v4-mapped ones */
};

/* The ports that the kernel compares with the ranges. */
enum filter_side { FILTER_LOCAL, FILTER_REMOTE, FILTER_SIDES };

/* Ascending ranges of each side, at most FILTER_RANGES in all. */
struct filter_ports {
    struct port_range range[FILTER_SIDES][FILTER_RANGES];
    size_t n[FILTER_SIDES];
};

/* Writes the bytecode that accepts sockets whose local or remote port is in one of the ranges, or whose family is so.
 * out is aligned for 32-bit numbers, and has FILTER_MAX bytes. Returns the bytes written. */
size_t netlink_filter(const struct filter_ports *ports, enum filter_family family, void *out);

#endif
