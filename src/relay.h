/* The program's relay: what applications send to SOCKPUSH_LISTEN is aggregated for the snapshot, or passed on by the
 * outputs as it came. Functions are the main thread's, where there is something to listen at. */
#ifndef RELAY_H
#define RELAY_H

#include "program.h"

/* Prepares the table of metrics, if an output pushes them. */
void relay_init(struct program *p);

/* Opens the sockets. Returns 0, or -errno after logging why. */
int relay_open(struct program *p);

/* Returns true, after logging it, if an output leads to one of the sockets. Looks up names of outputs: call it in the
 * sandbox. */
bool relay_loops(const struct program *p);

/* Makes the outputs' packers, and starts the thread. The outputs are there. Returns 0 or -errno. */
int relay_start(struct program *p);

/* Ends the interval: afterwards the metrics and counters are those of the snapshot. time_ms as in struct point. While
 * the clock is not set and no output takes metrics without a time, their interval goes on, unless this is the last one.
 */
void relay_flush(struct program *p, int64_t time_ms, bool last);

/* Writes metrics and counters into the snapshot. */
void relay_counters(const struct program *p, struct snapshot *out);

/* Logs the first metric that a snapshot left out, once. */
void relay_log_left_out(struct program *p);

/* Takes what has arrived, and closes the sockets. Returns true if something came that was not flushed. */
bool relay_close(struct program *p);

#endif
