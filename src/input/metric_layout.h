/* The layout of the table: metrics one after the other, each a struct metric, its text, and its state. The state is a
 * set, or a histogram of the interval and, with settings.totals, one since the start, and then their buckets. Pure. */
#ifndef METRIC_LAYOUT_H
#define METRIC_LAYOUT_H

#include <float.h>

#include "input/metrics.h"

/* Returns the sum, or the greatest double that a sum of doubles can be. */
static inline double bounded(double sum)
{
    return sum > DBL_MAX ? DBL_MAX : sum < -DBL_MAX ? -DBL_MAX : sum;
}

/* Returns the metric at so many bytes of the block. */
static inline struct metric *metric_at(const struct metrics *m, uint32_t at)
{
    return (struct metric *)(m->block + at);
}

/* Returns the bytes of a metric. negative: its histograms have ranges for negative values. */
size_t metric_size(const struct metrics *m, size_t text_len, enum metric_kind kind, bool negative);

void *metric_state(const struct metric *metric);

/* Points a metric's histograms to their buckets. */
void metric_place_buckets(const struct metrics *m, struct metric *metric);

/* Clears a histogram, whose buckets are placed. */
void metric_clear(struct histogram *h, bool negative, bool wide);

/* Clears all that the metric has since its start. */
void metric_begin(const struct metrics *m, struct metric *metric);

#endif
