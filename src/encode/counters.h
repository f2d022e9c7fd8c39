/* sockpush's own counters. */
#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdint.h>

#define OUTPUTS_MAX 8

/* Of an output, pushed as series sockpush_output. SENT_LINES: acknowledged by the receiver's
 * kernel where a stream tells, else handed over. */
enum output_counter { SENT_LINES, SEND_ERRORS, DROPPED_LINES, RECONNECTS, OUTPUT_COUNTERS };

struct output_stats {
    uint64_t n[OUTPUT_COUNTERS];
};

/* What one snapshot adds to every counter that is pushed: sockpush's, then each output's. */
enum { ADDED_PARTIAL_POLLS, ADDED_POLL_ERRORS, ADDED_OUTPUTS, ADDED = ADDED_OUTPUTS + OUTPUTS_MAX * OUTPUT_COUNTERS };

struct added {
    uint64_t n[ADDED];
};

#endif
