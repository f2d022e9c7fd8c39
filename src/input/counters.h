/* Counters of sockpush itself. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

#include "count/drops.h"
#include "count/kernel.h"

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
 * what UDP sockets lost. */
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

_Static_assert(ADDED - 1 <= UINT8_MAX, "lines carry the index in a byte");

/* Lines from the first increment of a snapshot on: every increment, and the gauges between them. Those are the first
 * four of sockpush, which come after the kernel's counters, and an address's. */
#define ADDED_LINES (ADDED + 4 + LISTEN_MAX * (LISTEN_COUNTERS - LISTEN_INCREMENTS))

/* The increase of every counter that one snapshot pushes. */
struct added {
    uint64_t n[ADDED];
};

#endif
