/* The kernel's own counters of TCP sockets: /proc/net/sockstat and sockstat6 (net/ipv4/proc.c, net/ipv6/proc.c). Pure.
 *
 *     TCP: inuse 17 orphan 0 tw 3 alloc 20 mem 2
 *     TCP6: inuse 9
 *
 * inuse counts each hashed socket of a network namespace but requests (SYN_RECV) and minisockets (TIME_WAIT, and
 * FIN_WAIT2 of closed sockets); v4-mapped sockets count in TCP6. tw counts the minisockets of both families. The other
 * numbers are the whole machine's. */
#ifndef SOCKSTAT_PARSE_H
#define SOCKSTAT_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Finds NAME's number on the line that begins with `line`: ("TCP:", "inuse"); or with "" the line's first. Returns
 * false where it is absent or no number. A line without its newline was cut, and is absent. */
bool sockstat_parse(const char *text, size_t len, const char *line, const char *name, uint64_t *out);

/* The same for /proc/net/snmp and netstat, which have the names on a line and their numbers on the next, both begun by
 * `line`. */
bool snmp_parse(const char *text, size_t len, const char *line, const char *name, uint64_t *out);

/* Receives a counter: its name, and the text that is to be its number. */
typedef void counter_fn(void *ctx, const char *name, size_t name_len, const char *number, size_t len);

/* Calls fn for each counter of the two lines that snmp_parse reads: cheaper than to look for several, one by one. */
void snmp_walk(const char *text, size_t len, const char *line, counter_fn *fn, void *ctx);

/* Calls fn for each line of /proc/net/snmp6, which has a name and a number. The last line, if its end is missing, was
 * cut and is none. */
void snmp6_walk(const char *text, size_t len, counter_fn *fn, void *ctx);

/* Parses decimal digits, at most 19 of them, which a uint64_t holds. Returns false for anything else. */
bool sockstat_parse_number(const char *at, size_t len, uint64_t *out);

#endif
