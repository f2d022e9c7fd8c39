/* Many values: quantiles beside the exact ones, and any split of the values that is merged again. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/sort.h"
#include "input/bucket.h"
#include "unit/input/histogram_helper.h"

#define VALUES 4000
#define PARTS  12

/* --- shapes ------------------------------------------------------------------- */

static double uniform(void)
{
    return 20 + 80 * any_unit();
}

static double exponential(void)
{
    return -50 * log(1 - any_unit());
}

static double lognormal(void)
{
    return 30 * exp(any_gauss());
}

static double two_peaks(void)
{
    return any(5) ? 2 + any_gauss() / 10 : 900 + 50 * any_gauss();
}

static double constant(void)
{
    return 12.3;
}

static double around_zero(void)
{
    return any(20) ? any_gauss() : 0;
}

static double wide(void)
{
    return pow(10, 600 * any_unit() - 300) * (any(3) ? 1 : -1);
}

static const struct {
    const char *name;
    double (*next)(void);
    double error; /* of a quantile; 0: that of the range's scale alone */
} shapes[] = {
    {"uniform", uniform, 0.0055},
    {"exponential", exponential, 0},
    {"lognormal", lognormal, 0.087},
    {"two peaks", two_peaks, 0.022},
    {"constant", constant, 0},
    {"around zero", around_zero, 0},
    {"wide", wide, 0},
};

/* --- quantiles ------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool quantiles_are_near(const struct histogram *h, const double *sorted, double most)
{
    double base = exp2(ldexp(1, -h->scale)), error = (base - 1) / (base + 1) * 1.003;

    if (most > 0 && error > most)
        error = most;
    for (unsigned permille = 1; permille <= 1000; permille++) {
        double exact = sorted[(VALUES * permille + 999) / 1000 - 1], got = histogram_quantile(h, permille);

        if (fabs(got - exact) > fabs(exact) * error) {
            print_error("quantile %u is %.17g, exactly %.17g\n", permille, got, exact);
            return false;
        }
    }
    return true;
}

static bool check_quantiles(double (*next)(void), double most)
{
    static double value[VALUES];
    struct whole w;
    bool good = true;

    whole_init(&w, false);
    for (unsigned i = 0; i < VALUES; i++) {
        value[i] = next();
        good &= histogram_add(&w.h, value[i], 1);
    }
    sort(value, VALUES, sizeof *value, compare);
    return good && valid(&w.h) && quantiles_are_near(&w.h, value, most);
}

static void quantiles_are_within_their_error(void **state)
{
    (void)state;
    for (unsigned shape = 0; shape < COUNT_OF(shapes); shape++)
        for (uint64_t seed = 0; seed < 28 / ONE_IN; seed++) {
            any_seed(seed);
            assert_seed(check_quantiles(shapes[shape].next, shapes[shape].error), shapes[shape].name, seed);
        }
}

/* --- the buckets ------------------------------------------------------------------ */

/* Returns the highest scale at which each sign's values fit into the buckets. */
static int scale_of(const double *value, unsigned n)
{
    int scale = BUCKET_MAX_SCALE;

    for (int sign = 1; sign >= -1; sign -= 2) {
        double low = INFINITY, high = 0;

        for (unsigned i = 0; i < n; i++) {
            low = value[i] * sign >= DBL_MIN && value[i] * sign < low ? value[i] * sign : low;
            high = value[i] * sign >= DBL_MIN && value[i] * sign > high ? value[i] * sign : high;
        }
        while (high > 0 && (int64_t)bucket_index(high, scale) - bucket_index(low, scale) >= HISTOGRAM_BUCKETS)
            scale--;
    }
    return scale;
}

static uint64_t in_bucket(const double *value, const uint32_t *weight, unsigned n, int sign, int32_t i, int scale)
{
    uint64_t count = 0;

    for (unsigned k = 0; k < n; k++)
        if (value[k] * sign >= DBL_MIN && bucket_index(value[k] * sign, scale) == i)
            count += weight[k];
    return count;
}

/* Returns whether h is the histogram that could be made if its scale were known before. */
static bool buckets_are_exact(const struct histogram *h, const double *value, const uint32_t *weight, unsigned n)
{
    if (h->scale != scale_of(value, n))
        return false;
    for (int sign = 0; sign < HISTOGRAM_SIGNS; sign++) {
        const struct histogram_range *r = &h->range[sign];

        for (int32_t i = r->first; i < r->first + r->length; i++)
            if (histogram_at(r, i) != in_bucket(value, weight, n, sign ? -1 : 1, i, h->scale))
                return false;
    }
    return true;
}

/* Merges any two until one is left, which is the first. */
static bool merge_all(struct whole *part, unsigned parts)
{
    bool good = true;

    for (; parts > 1; parts--) {
        unsigned to = any(parts - 1), last = parts - 1;

        if (any(2)) {
            good &= histogram_merge(&part[to].h, &part[last].h);
        } else {
            good &= histogram_merge(&part[last].h, &part[to].h);
            whole_init(&part[to], true);
            good &= histogram_merge(&part[to].h, &part[last].h);
        }
        good &= valid(&part[to].h);
    }
    return good;
}

/* Puts values into several histograms, narrow and wide, merges those, and compares with one of all values. */
static bool check_merges(double (*next)(void))
{
    static double value[300];
    static uint32_t weight[300];
    struct whole all, part[PARTS];
    unsigned parts = 1 + any(PARTS), n = 1 + any(COUNT_OF(value));
    double magnitudes = 0;
    bool good = true;

    whole_init(&all, true);
    for (unsigned i = 0; i < parts; i++)
        whole_init(&part[i], any(2));
    for (unsigned i = 0; i < n; i++) {
        value[i] = next();
        weight[i] = 1 + any(any(2) ? 1 : 1000000);
        magnitudes += fabs(value[i]) * weight[i];
        good &= histogram_add(&all.h, value[i], weight[i]);
        good &= histogram_add(&part[any(parts)].h, value[i], weight[i]);
    }
    return merge_all(part, parts) && good && valid(&all.h) && same(&part[0].h, &all.h, magnitudes) &&
           buckets_are_exact(&all.h, value, weight, n);
}

static void a_merge_is_the_histogram_of_all(void **state)
{
    (void)state;
    for (unsigned shape = 0; shape < COUNT_OF(shapes); shape++)
        for (uint64_t seed = 0; seed < 140 / ONE_IN; seed++) {
            any_seed(seed);
            assert_seed(check_merges(shapes[shape].next), shapes[shape].name, seed);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_within_their_error),
        cmocka_unit_test(a_merge_is_the_histogram_of_all),
    };

    return cmocka_run_group_tests_name("histogram_values", tests, NULL, NULL);
}
