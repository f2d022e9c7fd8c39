/* Aggregates an application's lines and encodes the metrics, as a snapshot does. */
#ifndef RELAY_HELPER_H
#define RELAY_HELPER_H

#include "encode/relayed.h"
#include "input/intake.h"
#include "unit/encode/encode_helper.h"

#define RELAY_START_MS INT64_C(1700000000000) /* of the flush that relay_begin does */

extern struct metrics relay_metrics;
extern struct intake_counters relay_counts;

/* The series that were written; our own names begin with "netstat" and "sockpush". */
extern struct claims relay_claims;

/* The tags that are ours: none after relay_begin. */
extern struct tags relay_ours;

/* Begins without metrics, after one flush. A series is forgotten when it was silent for 25 s. */
void relay_begin(void);

/* As setup of a test. */
int relay_setup(void **state);

void relay_take(const char *lines);

/* Ends the interval, 10 s after the last one. */
void relay_end_interval(void);

/* Encodes all metrics into a buffer of exactly cap bytes, which is freed. Sets encoded_text and encoded_len. */
struct sink relay_into(const struct encoder *format, size_t line_max, size_t cap);

/* Takes the lines in an interval of their own, and returns all records. */
const char *relay_encoded(const struct encoder *format, const char *lines);

#endif
