/* Compares tables of metrics, for tests and fuzzers. */
#ifndef SAME_METRICS_H
#define SAME_METRICS_H

#include <string.h>

#include "input/metrics.h"

static inline bool same_histogram(const struct histogram *a, const struct histogram *b)
{
    return a->count == b->count && a->zero_count == b->zero_count && !memcmp(&a->sum, &b->sum, sizeof a->sum) &&
           a->scale == b->scale && histogram_quantile(a, 500) == histogram_quantile(b, 500);
}

/* Returns whether both tables, as of their last flush, have the same metrics with the same values, in the same order.
 * Both have the same settings. */
static inline bool same_metrics(const struct metrics *a, const struct metrics *b)
{
    const struct metric *x = NULL, *y = NULL;

    while ((x = metrics_next(a, x)) && (y = metrics_next(b, y))) {
        if (memcmp(x, y, sizeof *x) != 0 || memcmp(x + 1, y + 1, x->text_len) != 0)
            return false;
        if (kind_is_timed(x->kind) && a->settings.totals && !same_histogram(metric_total(x), metric_total(y)))
            return false;
    }
    return a->n == b->n && a->used == b->used && a->first_delta == b->first_delta && !x && !metrics_next(b, y);
}

#endif
