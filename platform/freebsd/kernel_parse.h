/* Parses FreeBSD's net.inet.tcp.stats and net.inet.udp.stats: struct tcpstat, sys/netinet/tcp_var.h, and struct
 * udpstat, sys/netinet/udp_var.h. Pure. Releases have inserted numbers, so only known lengths are parsed. */
#ifndef FREEBSD_KERNEL_PARSE_H
#define FREEBSD_KERNEL_PARSE_H

#include "bsd/kernel.h"

bsd_stats_parse_fn freebsd_kernel_parse;

#endif
