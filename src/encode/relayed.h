/* The application's metrics as records, as the last flush left them. Pure. */
#ifndef RELAYED_H
#define RELAYED_H

#include "encode/encode.h"
#include "input/metrics.h"

#define RELAYED_TAGS_MAX (METRIC_TAGS_MAX + TAGS_ALL_MAX)

/* A metric of the application, as the last flush left it. */
struct relayed {
    const struct metric *metric;
    const char *name;  /* the metric's, without the bytes that the format cannot have */
    struct tags tags;  /* its own and ours, at most RELAYED_TAGS_MAX: sorted by key, without alike keys */
    int64_t time_ms;   /* as in struct point */
    int64_t before_ms; /* a total that begins gets a 0 at this time; < 0: unknown */
};

/* Writes all metrics into the sink, with our tags where they have none of that key. ours is sorted, and has at most
 * TAGS_ALL_MAX. time_ms is the time of the last flush, as in struct point. The sink is flushed on the way, but not at
 * the end. Does nothing for a format without encoder.metric. */
void relayed_encode(const struct metrics *m, const struct tags *ours, int64_t time_ms, const struct encoder *format,
                    struct sink *sink);

/* Returns true for the kinds that have a histogram: timings, histograms and distributions. */
static inline bool metric_is_timed(const struct metric *metric)
{
    return metric->kind == METRIC_TIMING || metric->kind == METRIC_HISTOGRAM || metric->kind == METRIC_DISTRIBUTION;
}

#endif
