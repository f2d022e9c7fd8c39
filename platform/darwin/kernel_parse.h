/* Parses macOS's net.inet.tcp.stats and net.inet.udp.stats: struct tcpstat, bsd/netinet/tcp_var.h, and struct udpstat,
 * bsd/netinet/udp_var.h. Pure. So far, releases have only added to their ends. */
#ifndef DARWIN_KERNEL_PARSE_H
#define DARWIN_KERNEL_PARSE_H

#include "bsd/kernel.h"

/* A struct of zeros gives nothing: users other than root get that for struct tcpstat (bsd/netinet/tcp_input.c,
 * tcp_getstat), unless net.inet.tcp.disable_access_to_stats is 0. */
bsd_stats_parse_fn darwin_kernel_parse;

#endif
