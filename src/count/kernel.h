/* The kernel's own counters of TCP, UDP and sockets: the fields of netstat_kernel. kernel_take is pure. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/* In the order of the fields. docs/metrics.md says what each counts. */
enum kernel_counter {
    TCP_ORPHAN, /* gauges first: see ADDED_LINES in input/counters.h */
    TCP_MEM_PAGES,
    SOCKETS_USED,
    CONNTRACK_COUNT,
    CONNTRACK_MAX,
    KERNEL_GAUGES,
    LISTEN_OVERFLOWS = KERNEL_GAUGES,
    LISTEN_DROPS,
    SYNCOOKIES_SENT,
    REQ_QUEUE_FULL_DROP,
    REQ_QUEUE_FULL_COOKIES,
    RETRANS_SEGS,
    SYN_RETRANS,
    TIMEOUTS,
    TCP_IN_ERRS,
    OUT_RSTS,
    ABORT_ON_MEMORY,
    ABORT_ON_TIMEOUT,
    ACTIVE_OPENS,
    PASSIVE_OPENS,
    ESTAB_RESETS,
    UDP_IN_DATAGRAMS,
    UDP_OUT_DATAGRAMS,
    UDP_IN_ERRORS,
    UDP_RCVBUF_ERRORS,
    UDP_SNDBUF_ERRORS,
    UDP_NO_PORTS,
    KERNEL_COUNTERS
};

#define KERNEL_INCREASES (KERNEL_COUNTERS - KERNEL_GAUGES)

/* A reading is kept in recordings as it is here. */
struct kernel_reading {
    uint64_t n[KERNEL_COUNTERS];
    uint32_t known;  /* bits of enum kernel_counter: the others could not be read */
    uint32_t unused; /* so that machines of 32 bits have the same size */
};

/* Zeroed at first. */
struct kernel {
    struct kernel_reading now;       /* of the last poll: gauges, and the increases' totals since the first reading */
    uint64_t base[KERNEL_INCREASES]; /* the last readings, to which the next ones are compared */
    uint32_t based;                  /* bits of enum kernel_counter that have a base */
    bool failed;                     /* one of these was not read in the last poll */
};

/* Returns how much a counter rose. A kernel of 32 bits counts in as many, so a fall that is a small rise in that
 * arithmetic is one. Any other fall is 0, because the counter began anew. */
uint64_t kernel_rise(uint64_t before, uint64_t now);

/* Takes a reading: adds to each total what its counter rose since the reading before. The first one adds nothing. One
 * that was not read keeps its total and its base. */
void kernel_take(struct kernel *k, const struct kernel_reading *r);

struct recording;

/* Reads the counters of the tables below proc, with PLATFORM_KERNEL_BUF bytes of buf, or of the recording if it is
 * replayed, and takes them. A recording may be NULL; where it has no such reading, nothing is known. */
void kernel_poll(struct kernel *k, const char *proc, char *buf, struct recording *recording);

#endif
