/* Sockets as the kernel has them, and its rows of /proc/net/{tcp,tcp6,udp,udp6}. */
#ifndef PROCFS_ROW_H
#define PROCFS_ROW_H

#include <linux/inet_diag.h>

#include "count/sock.h"
#include "procfs_parse.h"

/* Returns the socket of which a parser makes *s, as sock_diag has it. */
struct inet_diag_msg kernel_socket(const struct sock *s);

/* Writes udp4_format_sock's row (net/ipv4/udp.c), whose beginning all four tables have. A row without drops is that of
 * a table of TCP. Returns its bytes. */
size_t write_procfs_row(char line[PROCFS_LINE_MAX + 1], const struct inet_diag_msg *m, const uint32_t *drops);

#endif
