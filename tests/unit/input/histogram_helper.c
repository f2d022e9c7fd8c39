#include "unit/input/histogram_helper.h"

#include <float.h>
#include <math.h>
#include <string.h>

void whole_init(struct whole *w, bool wide)
{
    memset(w->counts, 0xff, sizeof w->counts); /* what was there before does not matter */
    histogram_init(&w->h, w->counts[HISTOGRAM_POSITIVE], wide);
    histogram_init_negative(&w->h, w->counts[HISTOGRAM_NEGATIVE]);
}

double any_unit(void)
{
    return ldexp(any(1u << 30), -30) + ldexp(any(1u << 23), -53);
}

double any_gauss(void)
{
    double sum = 0;

    for (int i = 0; i < 12; i++)
        sum += any_unit();
    return sum - 6;
}

double any_double(void)
{
    uint64_t bits = (uint64_t)any(2047) << 52 | (uint64_t)any(1u << 26) << 26 | any(1u << 26);
    double value;

    memcpy(&value, &bits, sizeof value);
    return any(2) ? value : -value;
}

static bool range_is_valid(const struct histogram_range *r, uint64_t *count)
{
    if (r->length > HISTOGRAM_BUCKETS)
        return false;
    for (int32_t i = 0; i < r->length; i++)
        *count += histogram_at(r, r->first + i);
    for (int32_t i = r->length; r->counts && i < HISTOGRAM_BUCKETS; i++)
        if (histogram_at(r, r->first + i))
            return false;
    return !r->length || (histogram_at(r, r->first) && histogram_at(r, r->first + r->length - 1));
}

bool valid(const struct histogram *h)
{
    uint64_t count = h->zero_count;

    return range_is_valid(&h->range[HISTOGRAM_POSITIVE], &count) &&
           range_is_valid(&h->range[HISTOGRAM_NEGATIVE], &count) && count == h->count && h->scale >= -4 &&
           h->scale <= 20 && fabs(h->sum) <= DBL_MAX && h->min <= h->max;
}

static bool same_range(const struct histogram_range *a, const struct histogram_range *b)
{
    if (a->length != b->length || (a->length && a->first != b->first))
        return false;
    for (int32_t i = 0; i < a->length; i++)
        if (histogram_at(a, a->first + i) != histogram_at(b, b->first + i))
            return false;
    return true;
}

bool same(const struct histogram *a, const struct histogram *b, double magnitudes)
{
    return a->count == b->count && a->zero_count == b->zero_count && a->min == b->min && a->max == b->max &&
           fabs(a->sum - b->sum) <= magnitudes * 1e-12 && a->scale == b->scale &&
           same_range(&a->range[HISTOGRAM_POSITIVE], &b->range[HISTOGRAM_POSITIVE]) &&
           same_range(&a->range[HISTOGRAM_NEGATIVE], &b->range[HISTOGRAM_NEGATIVE]);
}
