/* A socket that asks inet_diag for lists of sockets (linux/sock_diag.h, linux/inet_diag.h). */
#ifndef SOCK_DIAG_H
#define SOCK_DIAG_H

#include <linux/inet_diag.h>
#include <linux/netlink.h>

#include "netlink_filter.h"
#include "netlink_parse.h"

#define SOCK_DIAG_RECV_MAX 16384 /* larger is not faster */

struct sock_diag {
    int fd; /* -1: a replay */
    uint32_t seq;
    struct recording *recording; /* or NULL */
    struct {
        struct nlmsghdr header;
        struct inet_diag_req body;
        struct nlattr attribute;
        char filter[FILTER_MAX]; /* the caller's (netlink_filter) */
    } tcp;
    _Alignas(struct nlmsghdr) char buf[SOCK_DIAG_RECV_MAX];
};

/* Opens the socket; a replay needs none. Returns 0 or -errno. */
int sock_diag_open(struct sock_diag *diag, const struct backend_want *want);

void sock_diag_close(struct sock_diag *diag);

/* Lists the TCP sockets of both families in these states (bits 1 << the kernel's number) that pass the first
 * filter_len bytes of diag->tcp.filter; 0: all. Returns 0 or -errno; -EINVAL for a filter that this kernel does not
 * know, before the first socket. */
int sock_diag_tcp(struct sock_diag *diag, struct netlink_dump *dump, uint32_t states, size_t filter_len);

/* Lists the TCP sockets in these states that are IPv6, without v4-mapped ones. The kernel compares the family before it
 * runs the filter, so this is cheaper than sock_diag_tcp. Returns as that does. */
int sock_diag_tcp_ipv6(struct sock_diag *diag, struct netlink_dump *dump, uint32_t states);

/* Lists the UDP sockets of AF_INET or AF_INET6. drops: with what they lost. Returns 0 or -errno. */
int sock_diag_udp(struct sock_diag *diag, struct netlink_dump *dump, uint8_t family, bool drops);

#endif
