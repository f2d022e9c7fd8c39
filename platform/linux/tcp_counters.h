/* Reads the counters of tcp_totals.h. */
#ifndef TCP_COUNTERS_H
#define TCP_COUNTERS_H

#include "tcp_totals.h"

struct recording;

/* When a check needs `opens`, it is read around the others: first before a list, last after it. So each connection that
 * opened between two readings of the others is in the difference. */
enum tcp_opens { OPENS_NOT_READ, OPENS_FIRST, OPENS_LAST };

/* snmp has some 1,500 bytes, and up to 13,000 where ICMP messages of all 256 types came and went: a column for each. */
#define TCP_COUNTERS_BUF 16384

/* Reads the counters below proc, with TCP_COUNTERS_BUF bytes of buf. What is read passes through the recording, or with
 * NULL does not. A kernel without IPv6 has 0 in inuse6. Returns false where one is absent. */
bool tcp_counters_read(const char *proc, struct recording *recording, enum tcp_opens opens, char *buf,
                       struct tcp_counters *out);

/* Returns NULL if this kernel's counters are what tcp_totals.h says, or why not: before 4.11 tw counted all namespaces
 * together (tcp_death_row). */
const char *tcp_counters_unfit(void);

#endif
