/* Reads the counters that the kernels of macOS and FreeBSD write for a sysctl. */
#ifndef BSD_KERNEL_H
#define BSD_KERNEL_H

#include <stddef.h>

#include "count/kernel.h"
#include "count/sock.h"

/* Parses struct tcpstat or udpstat of len bytes. Adds what is known to out. */
typedef void bsd_stats_parse_fn(enum protocol protocol, const void *stats, size_t len, struct kernel_reading *out);

/* Reads both, with PLATFORM_KERNEL_BUF bytes of buf. They count IPv4 and IPv6 together. */
void bsd_kernel_read(char *buf, bsd_stats_parse_fn *parse, struct kernel_reading *out);

#endif
