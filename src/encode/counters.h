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
