/* TCP sockets counted by the kernel's counters instead of being listed. Pure.
 *
 * A listed row is a full socket exactly if it has the attribute INET_DIAG_SHUTDOWN; the others are requests and
 * minisockets. `inuse` counts all full sockets, `tw` all minisockets (sockstat_parse.h), so that
 *
 *     ESTABLISHED = inuse + inuse6 - full rows of all other states
 *     TIME_WAIT   = tw - minisockets in FIN_WAIT2
 *
 * Both are of IPv4 and IPv6 together: `inuse6` has the v4-mapped sockets, too. So the rows of one family are listed,
 * and the rest is of the other.
 *
 * The counters are read before the first list and after the last, and their mean is taken: a list is not of one
 * instant. While 16,000 connections a second come and go, the mean errs by up to 5 sockets, and a list of all of them
 * by 56. */
#ifndef TCP_TOTALS_H
#define TCP_TOTALS_H

#include <stdbool.h>
#include <stdint.h>

/* The counters of a network namespace, at an instant. */
struct tcp_counters {
    uint64_t inuse, inuse6; /* sockstat, sockstat6 */
    uint64_t tw;
    uint64_t alloc; /* the whole machine's TCP sockets: what a list costs, never what is counted */
    uint64_t opens; /* connections opened by either side so far: snmp's ActiveOpens and PassiveOpens; only for checks */
};

/* Rows seen in the lists of one poll. */
struct tcp_rows {
    uint64_t full, full6;    /* full sockets in other states than ESTABLISHED; full6: those of AF_INET6 */
    uint64_t fin_wait2;      /* minisockets in FIN_WAIT2 */
    uint64_t established[2]; /* IPv4, with the v4-mapped; IPv6 */
    uint64_t time_wait[2];
    uint64_t wanted[2]; /* ESTABLISHED, on ports that the filter lists */
};

struct tcp_rest {
    uint64_t established, time_wait;
};

/* Returns the sockets in these two states that were not seen; 0 where the counters have fewer than were seen. */
struct tcp_rest tcp_totals_rest(const struct tcp_counters *before, const struct tcp_counters *after,
                                const struct tcp_rows *rows);

/* Compares rows, which are all of them, with the counters. Returns 1 if more were listed, -1 if fewer were, by more
 * than the connections that opened, closed or changed meanwhile explain; or 0. Listeners that come and go are in none
 * of the counters: while they do, one result or the other is by chance. */
int tcp_totals_compare(const struct tcp_counters *before, const struct tcp_counters *after,
                       const struct tcp_rows *rows);

#endif
