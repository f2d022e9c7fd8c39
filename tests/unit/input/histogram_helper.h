/* Histograms with their memory, and random values, for the unit tests. */
#ifndef HISTOGRAM_HELPER_H
#define HISTOGRAM_HELPER_H

#include "input/histogram.h"
#include "unit/helper.h"

/* A histogram with both ranges. It is not moved, because h points into it. */
struct whole {
    struct histogram h;
    uint32_t counts[HISTOGRAM_SIGNS][HISTOGRAM_WIDE];
};

void whole_init(struct whole *w, bool wide);

/* Return a random number from 0 to below 1, one from a normal distribution, and a finite double, of any bits. */
double any_unit(void);
double any_gauss(void);
double any_double(void);

/* Returns whether the ranges, the scale, the number of weights and the limits are possible. */
bool valid(const struct histogram *h);

/* Returns whether a and b have the same values. Their sums may differ by rounding, of values whose magnitudes add up to
 * `magnitudes`. */
bool same(const struct histogram *a, const struct histogram *b, double magnitudes);

/* Prints the seed of a case that failed. */
#define assert_seed(good, name, seed)                             \
    do {                                                          \
        if (!(good)) {                                            \
            print_error("%s, seed %u\n", name, (unsigned)(seed)); \
            fail();                                               \
        }                                                         \
    } while (0)

#endif
