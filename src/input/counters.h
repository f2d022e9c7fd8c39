/* Counters of sockpush itself. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

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
    SERIES, /* of all addresses: a gauge of the first one, as is the next of each */
    BUFFER_USED_PERCENT,
    LISTEN_COUNTERS
};

struct listen_counters {
    const char *name;
    uint64_t n[LISTEN_COUNTERS];
    uint32_t known; /* bits of enum listen_counter: the others are left out */
};

/* Indexes of struct added: the counters of sockpush, then those of each output. */
enum {
    ADDED_PARTIAL_POLLS,
    ADDED_POLL_ERRORS,
    ADDED_COUNT_ERRORS,
    ADDED_OUTPUTS,
    ADDED = ADDED_OUTPUTS + OUTPUTS_MAX * OUTPUT_COUNTERS
};

/* The increase of every counter that one snapshot pushes. */
struct added {
    uint64_t n[ADDED];
};

#endif
