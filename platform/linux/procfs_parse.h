/* Parses /proc/net/{tcp,tcp6,udp,udp6}. Pure.
 *
 *   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
 *    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 …
 *
 * Addresses are 32-bit words in the kernel's byte order, printed as numbers (net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c).
 * A TIME_WAIT row has inode 0. */
#ifndef PROCFS_PARSE_H
#define PROCFS_PARSE_H

#include <stddef.h>

#include "count/sock.h"

#define PROCFS_LINE_MAX 511 /* a row has about 150 bytes */

/* Rows have no cookie. An inode, with this bit, stands for it: the kernel counts cookies from 1 on. */
#define PROCFS_COOKIE (UINT64_C(1) << 63)

/* Returns 0 if line (len bytes, no newline) is the first line of such a file, or -EBADMSG. */
int procfs_parse_header(const char *line, size_t len);

/* Parses one row, IPv4 or IPv6, into *s. Returns 0, or -EBADMSG if it is malformed or exceeds PROCFS_LINE_MAX. */
int procfs_parse_row(const char *line, size_t len, enum protocol protocol, struct sock *s);

struct net_queue;

/* Parses a row of UDP, which goes on with "ref pointer drops" after the inode. Returns true if it is of this inode, and
 * whole; then *out has all but the limit. */
bool procfs_parse_queue(const char *line, size_t len, uint64_t inode, struct net_queue *out);

#endif
