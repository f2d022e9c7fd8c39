#include "input/histogram.h"

#include <float.h>
#include <string.h>

#include "input/bucket.h"

/* --- one range ---------------------------------------------------------------- */

/* Returns the place of bucket i. Indexes at scale 20 are between -2^30 and 2^30. */
static uint32_t *place(const struct histogram_range *r, int32_t i)
{
    return &r->counts[((uint32_t)i + (1u << 23) * HISTOGRAM_BUCKETS) % HISTOGRAM_BUCKETS];
}

static int32_t last(const struct histogram_range *r)
{
    return r->first + r->length - 1;
}

uint64_t histogram_at(const struct histogram_range *r, int32_t i)
{
    const uint32_t *at = place(r, i);

    return *at | (r->wide ? (uint64_t)at[HISTOGRAM_BUCKETS] << 32 : 0);
}

static void put(struct histogram_range *r, int32_t i, uint64_t n)
{
    uint64_t sum = histogram_at(r, i) + n;
    uint32_t *at = place(r, i);

    if (r->wide)
        at[HISTOGRAM_BUCKETS] = (uint32_t)(sum >> 32);
    else if (sum > UINT32_MAX)
        sum = UINT32_MAX;
    *at = (uint32_t)sum;
}

/* Returns the count of bucket i, with the excess if it is the first that stopped. */
static uint64_t take(const struct histogram_range *r, int32_t i, uint64_t *excess)
{
    uint64_t n = histogram_at(r, i);

    if (n == UINT32_MAX) {
        n += *excess;
        *excess = 0;
    }
    return n;
}

static size_t bytes_of(const struct histogram_range *r)
{
    return sizeof *r->counts * (r->wide ? HISTOGRAM_WIDE : HISTOGRAM_NARROW);
}

/* Widens low and high to what r has already. */
static void join(const struct histogram_range *r, int32_t *low, int32_t *high)
{
    if (r->length && *low > r->first)
        *low = r->first;
    if (r->length && *high < last(r))
        *high = last(r);
}

static void reach(struct histogram_range *r, int32_t low, int32_t high)
{
    join(r, &low, &high);
    r->first = low;
    r->length = (uint16_t)(high - low + 1);
}

/* Adds all of `from`, whose scale is higher by `steps`. The result must fit. */
static void pour(struct histogram_range *to, const struct histogram_range *from, int steps, uint64_t *excess)
{
    reach(to, from->first >> steps, last(from) >> steps);
    for (int32_t i = from->first; i <= last(from); i++)
        put(to, i >> steps, take(from, i, excess));
}

/* --- both ranges ---------------------------------------------------------------- */

static void sink(struct histogram *h, int steps)
{
    uint32_t counts[HISTOGRAM_WIDE];
    uint64_t excess = 0;

    h->scale -= steps;
    for (struct histogram_range *r = h->range; r < h->range + HISTOGRAM_SIGNS; r++) {
        struct histogram_range old = *r;

        if (!old.length)
            continue;
        old.counts = memcpy(counts, r->counts, bytes_of(r));
        memset(r->counts, 0, bytes_of(r));
        r->length = 0;
        pour(r, &old, steps, &excess);
    }
}

/* Sinks the scale of h until r, one of its ranges, can have the buckets from low to high, too. Returns by how much. */
static int fit(struct histogram *h, const struct histogram_range *r, int32_t low, int32_t high)
{
    int steps = 0;

    join(r, &low, &high);
    for (; (uint32_t)high - (uint32_t)low >= HISTOGRAM_BUCKETS; steps++) {
        low >>= 1;
        high >>= 1;
    }
    if (steps)
        sink(h, steps);
    return steps;
}

/* Returns the weight that no bucket has, because narrow counts stopped. */
static uint64_t excess_of(const struct histogram *h)
{
    uint64_t excess = h->count - h->zero_count;

    for (const struct histogram_range *r = h->range; r < h->range + HISTOGRAM_SIGNS; r++)
        for (int32_t i = 0; i < r->length; i++)
            excess -= histogram_at(r, r->first + i);
    return excess;
}

void histogram_init(struct histogram *h, uint32_t *counts, bool wide)
{
    *h = (struct histogram){.scale = BUCKET_MAX_SCALE};
    h->range[HISTOGRAM_POSITIVE] = (struct histogram_range){.counts = counts, .wide = wide};
    memset(counts, 0, bytes_of(&h->range[HISTOGRAM_POSITIVE]));
}

void histogram_init_negative(struct histogram *h, uint32_t *counts)
{
    struct histogram_range *r = &h->range[HISTOGRAM_NEGATIVE];

    *r = (struct histogram_range){.counts = counts, .wide = h->range[HISTOGRAM_POSITIVE].wide};
    memset(counts, 0, bytes_of(r));
}

/* Adds what belongs to no bucket. */
static void summarize(struct histogram *h, uint64_t n, double sum, double min, double max)
{
    if (!h->count || min < h->min)
        h->min = min;
    if (!h->count || max > h->max)
        h->max = max;
    h->count += n;
    sum = sum > DBL_MAX ? DBL_MAX : sum < -DBL_MAX ? -DBL_MAX : sum;
    sum += h->sum;
    h->sum = sum > DBL_MAX ? DBL_MAX : sum < -DBL_MAX ? -DBL_MAX : sum;
}

bool histogram_add(struct histogram *h, double value, uint32_t n)
{
    double magnitude = value < 0 ? -value : value;

    if (!n)
        return true;
    if (magnitude < DBL_MIN) {
        h->zero_count += n;
    } else {
        struct histogram_range *r = &h->range[value < 0 ? HISTOGRAM_NEGATIVE : HISTOGRAM_POSITIVE];
        int32_t i;

        if (!r->counts)
            return false;
        i = bucket_index(magnitude, h->scale);
        if ((uint32_t)i - (uint32_t)r->first >= r->length) {
            i >>= fit(h, r, i, i);
            reach(r, i, i);
        }
        put(r, i, n);
    }
    summarize(h, n, value * n, value, value);
    return true;
}

bool histogram_merge(struct histogram *to, const struct histogram *from)
{
    uint64_t excess = excess_of(from);

    if (!from->count)
        return true;
    if (from->range[HISTOGRAM_NEGATIVE].length && !to->range[HISTOGRAM_NEGATIVE].counts)
        return false;
    if (to->scale > from->scale)
        sink(to, to->scale - from->scale);
    for (int sign = 0; sign < HISTOGRAM_SIGNS; sign++) {
        const struct histogram_range *r = &from->range[sign];
        int steps = from->scale - to->scale;

        if (!r->length)
            continue;
        steps += fit(to, &to->range[sign], r->first >> steps, last(r) >> steps);
        pour(&to->range[sign], r, steps, &excess);
    }
    to->zero_count += from->zero_count;
    summarize(to, from->count, from->sum, from->min, from->max);
    return true;
}

/* --- quantiles ------------------------------------------------------------------ */

/* Returns the value of that rank, where 1 is the lowest, without the limits of min and max. */
static double find(const struct histogram *h, uint64_t rank)
{
    const struct histogram_range *negative = &h->range[HISTOGRAM_NEGATIVE], *positive = &h->range[HISTOGRAM_POSITIVE];
    uint64_t excess = excess_of(h), n;

    for (int32_t i = negative->length; i--; rank -= n)
        if ((n = take(negative, negative->first + i, &excess)) >= rank)
            return -bucket_middle(negative->first + i, h->scale);
    if (h->zero_count >= rank)
        return 0;
    rank -= h->zero_count;
    for (int32_t i = 0; i < positive->length; i++, rank -= n)
        if ((n = take(positive, positive->first + i, &excess)) >= rank)
            return bucket_middle(positive->first + i, h->scale);
    return h->max;
}

double histogram_quantile(const struct histogram *h, unsigned permille)
{
    uint64_t rank = h->count / 1000 * permille + (h->count % 1000 * permille + 999) / 1000;
    double value;

    if (rank <= 1)
        return h->min;
    if (rank >= h->count)
        return h->max;
    value = find(h, rank);
    return value < h->min ? h->min : value > h->max ? h->max : value;
}
