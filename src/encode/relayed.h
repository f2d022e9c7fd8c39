/* The application's metrics as records, as the last flush left them. Pure. */
#ifndef RELAYED_H
#define RELAYED_H

#include "encode/encode.h"

/* Writes all metrics into the sink, with our tags where they have none of that key. ours is sorted, and has at most
 * TAGS_ALL_MAX. time_ms is the time of the last flush, as in struct point. The sink is flushed on the way, but not at
 * the end. Does nothing for a format without encoder.metric. */
void relayed_encode(const struct metrics *m, const struct tags *ours, int64_t time_ms, const struct encoder *format,
                    struct sink *sink);

#endif
