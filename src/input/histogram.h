/* Histograms with 160 buckets for each sign of the values (input/bucket.h). The scale begins at 20, and each time that
 * the values reach further than 160 buckets it sinks by one: buckets 2i and 2i + 1 become bucket i. So histograms can
 * be merged, and in any order the result has the buckets that all values together would have. Pure.
 *
 *   the greatest value, times the smallest   5.5      31      980     960,000   9e11    any double
 *   scale                                    6        5       4       3         2       -4
 *   greatest error of a quantile             0.54 %   1.1 %   2.2 %   4.3 %     8.6 %
 *
 * The buckets' memory belongs to the caller: narrow counts of 32 bits for an interval, wide ones of 64 bits for totals.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 160

/* Words of memory for the buckets of one sign. */
#define HISTOGRAM_NARROW HISTOGRAM_BUCKETS
#define HISTOGRAM_WIDE   (2 * HISTOGRAM_BUCKETS)

enum histogram_sign { HISTOGRAM_POSITIVE, HISTOGRAM_NEGATIVE, HISTOGRAM_SIGNS };

/* The buckets of one sign, in a ring: bucket i has the place i modulo 160, so that none moves when the range grows. A
 * wide count has its upper 32 bits 160 words later. Places outside of the range are 0. */
struct histogram_range {
    uint32_t *counts; /* NULL: no memory yet */
    int32_t first;    /* index of the lowest bucket that is not 0, which OTLP calls the offset */
    uint16_t length;  /* buckets from there to the highest that is not 0 */
    bool wide;
};

/* Sum, min and max are of the values themselves, also of those in zero_count, and 0 while count is 0. A sum that would
 * be infinite is the greatest double. */
struct histogram {
    uint64_t count, zero_count; /* zero_count: zero and subnormal numbers, which have no bucket */
    double sum, min, max;
    struct histogram_range range[HISTOGRAM_SIGNS];
    int scale;
};

/* Empties h, and clears HISTOGRAM_NARROW or HISTOGRAM_WIDE words at counts for the positive range. */
void histogram_init(struct histogram *h, uint32_t *counts, bool wide);

/* Clears as many words at counts for the negative range, once h needs it. */
void histogram_init_negative(struct histogram *h, uint32_t *counts);

/* Adds a finite value that weighs n. Returns false, and leaves h unchanged, if the value is negative and h has no
 * negative range yet. A narrow count stops at 2^32 - 1. The excess is in `count` alone. When h is merged or a quantile
 * is taken, the first bucket that stopped gets it: no weight is lost, and if only one stopped, its count is right. */
bool histogram_add(struct histogram *h, double value, uint32_t n);

/* Adds all of `from`. Returns false, and leaves `to` unchanged, if `from` has negative values and `to` has no negative
 * range yet. */
bool histogram_merge(struct histogram *to, const struct histogram *from);

/* Returns the lowest value that so many of 1000 are not above: min and max exactly, others as the harmonic middle of
 * the bucket, between min and max. If all values are the same, that is the result. Returns 0 while h is empty. */
double histogram_quantile(const struct histogram *h, unsigned permille);

/* Returns how many values bucket i has, which is in the range. In a wide histogram all buckets and zero_count add up to
 * count. */
uint64_t histogram_at(const struct histogram_range *range, int32_t i);

#endif
