/* Counters of sockpush itself. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

#include "count/drops.h"
#include "count/kernel.h"
#include "count/pods.h"

#define OUTPUTS_MAX 8

/* Counters of an output, the fields of sockpush_output. SENT_LINES counts lines that the
 * receiver acknowledged, or that were sent where the transport does not report that. */
enum output_counter { SENT_LINES, SEND_ERRORS, DROPPED_LINES, RECONNECTS, OUTPUT_COUNTERS };

struct output_stats {
    uint64_t n[OUTPUT_COUNTERS];
};

#define LISTEN_MAX 8

/* Counters of what applications send to an address, the fields of sockpush_listen. */
enum listen_counter {
    DATAGRAMS,
    LINES,
    REFUSED_LINES,
    UNSUPPORTED_LINES,
    TRUNCATED,
    KERNEL_DROPS,
    OVERFLOW_LINES,
    LATE_TIMES,
    LISTEN_INCREMENTS,          /* those before it rise, those from it on are gauges */
    SERIES = LISTEN_INCREMENTS, /* of all addresses, with the first one */
    BUFFER_USED_PERCENT,
    LISTEN_COUNTERS
};

struct listen_counters {
    const char *name;
    uint64_t n[LISTEN_COUNTERS];
    uint32_t known; /* bits of enum listen_counter: the others are left out */
};

/* Indexes of struct added: the counters of sockpush, those of each output, those of each address, the kernel's, and
 * what UDP sockets lost. Counters of series that come and go follow, from ADDED on. */
enum {
    ADDED_NONE, /* of a gauge: its increase stays 0 */
    ADDED_PARTIAL_POLLS,
    ADDED_POLL_ERRORS,
    ADDED_COUNT_ERRORS,
    ADDED_OUTPUTS,
    ADDED_LISTEN = ADDED_OUTPUTS + OUTPUTS_MAX * OUTPUT_COUNTERS,
    ADDED_KERNEL = ADDED_LISTEN + LISTEN_MAX * LISTEN_INCREMENTS,
    ADDED_DROPS = ADDED_KERNEL + KERNEL_INCREASES,
    ADDED = ADDED_DROPS + DROPS_TOTALS
};

/* The index of the first counter of a pod's series, which has a place in the table. */
#define ADDED_PODS(place) (ADDED + (place) * (unsigned)POD_INCREASES)

/* Lines from the first increment of a snapshot on, without series that come and go: every increment, and the gauges
 * between them. Those are the first four of sockpush, which come after the kernel's counters, and an address's. */
#define ADDED_LINES (ADDED + 4 + LISTEN_MAX * (LISTEN_COUNTERS - LISTEN_INCREMENTS))

/* The increase of every counter that one snapshot pushes. A series that comes and goes takes an index that another had
 * before. Its generation is a higher one, so that it never gets what the other's lines lost. */
struct added {
    uint64_t *n;                /* by index, `count` of them; NULL: UINT64_MAX each, for the largest snapshot */
    const uint32_t *generation; /* by index; NULL: 0 each, as that of the counters below ADDED always is */
    unsigned count;
};

/* The increase of a counter that a line carries. A gauge's line has the id ADDED_NONE, and adds 0. */
struct increment {
    uint64_t id, n; /* id: the counter's index, and its generation in the high 32 bits */
};

/* Returns the id of increments of the counter with this index. */
static inline uint64_t added_id(const struct added *added, unsigned index)
{
    return index | (added->generation ? (uint64_t)added->generation[index] << 32 : 0);
}

/* Returns the increase of the counter with this index. */
static inline uint64_t added_n(const struct added *added, unsigned index)
{
    return added->n ? added->n[index] : UINT64_MAX;
}

#endif
