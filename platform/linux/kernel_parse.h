/* The kernel's counters in the files of /proc/net: which line has which, and under which name (net/ipv4/proc.c,
 * net/ipv6/proc.c). sockstat_parse.h draws the files. Pure. */
#ifndef KERNEL_PARSE_H
#define KERNEL_PARSE_H

#include <stddef.h>

#include "count/kernel.h"

/* In the order in which they are to be parsed: snmp6's numbers are added to those of snmp. */
enum kernel_file { NET_NETSTAT, NET_SOCKSTAT, NET_SNMP, NET_SNMP6, NET_FILES };

extern const char kernel_file_name[NET_FILES][9];

/* Parses a file, of which text may be the beginning only. Sets in out the counters that are there. A counter of snmp
 * that snmp6 should have, too, but has not, is known no more: without its other part it would fall. */
void kernel_parse(enum kernel_file file, const char *text, size_t len, struct kernel_reading *out);

/* Parses /proc/net/stat/nf_conntrack: a line of names, then a line of hexadecimal numbers for each processor, the first
 * of which is the whole namespace's count of connections (net/netfilter/nf_conntrack_standalone.c). */
void kernel_parse_conntrack(const char *text, size_t len, struct kernel_reading *out);

/* Parses a file that is a decimal number. */
void kernel_parse_number(const char *text, size_t len, enum kernel_counter counter, struct kernel_reading *out);

#endif
