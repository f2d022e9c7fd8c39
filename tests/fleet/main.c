/* fleet [INSTANCES [SEED]]: plays all scenarios, prints a line for each, and fails if a bound is exceeded. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "fleet/scenarios.h"

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Returns the snapshots that were lost, and checks that all of them were counted. */
static double count_lost(const struct scenario *s, bool *counted)
{
    uint64_t lost = 0, dropped = 0, until_ns = BEGIN + (s->length_s - SETTLING_S) * SECOND;

    for (unsigned i = 0; i < n_nodes; i++) {
        for (unsigned k = 0; k < nodes[i].polls && nodes[i].polled_ns[k] < until_ns; k++)
            lost += LINES - (unsigned)__builtin_popcount(nodes[i].stored[k]);
        dropped += output_read_stats(nodes[i].output).n[DROPPED_LINES];
    }
    *counted = lost == dropped || s->max.uncounted;
    return (double)lost / LINES / n_nodes;
}

/* Measures what is bounded. */
static struct bounds measure(const struct scenario *s, bool *counted)
{
    struct bounds r = {.late_s = (double)aggregator.late_ns / 1e9, .lost = count_lost(s, counted)};
    uint64_t polls = 0;

    for (unsigned i = FROM_S; i < s->length_s; i++) {
        const struct rate *rate = &aggregator.rate[i];

        if (i < FROM_S + s->away_s) {
            r.away = larger(r.away, (double)rate->connects / n_nodes);
            continue;
        }
        r.back = larger(r.back, (double)rate->connects / n_nodes);
        r.requests = larger(r.requests, (double)rate->requests / n_nodes);
        r.lines = larger(r.lines, (double)rate->lines / LINES / n_nodes);
    }
    for (unsigned i = 0; i < n_nodes; i++)
        polls += nodes[i].polls;
    r.again = larger((double)lines_sent / LINES / (double)polls - 1, 0);
    return r;
}

/* Returns true if a number of events that instances cause at random is no larger than the bound, but for what chance
 * makes of it with few instances. */
static bool is_rate_within(double measured, double bound)
{
    return measured <= bound + 4 * sqrt(bound / n_nodes);
}

static bool is_within(const struct bounds *r, const struct bounds *max)
{
    return is_rate_within(r->away, max->away) && is_rate_within(r->back, max->back) &&
           is_rate_within(r->requests, max->requests) && is_rate_within(r->lines, max->lines) &&
           is_rate_within(r->lost, max->lost) && r->again <= max->again && r->late_s <= max->late_s;
}

static void print_result(const char *name, const struct bounds *r, unsigned n, const char *end)
{
    printf("| %-28s | %6.0f | %6.0f | %6.0f | %5.1f | %3.0f %% | %4.0f s | %5.2f |%s\n", name, r->away * n, r->back * n,
           r->requests * n, r->lines * n * LINES * LINE_BYTES / 1e6, r->again * 100, r->late_s, r->lost, end);
}

static bool play(const struct scenario *s, unsigned n, uint64_t seed)
{
    struct bounds r;
    bool good, counted;

    scenario_begin(s);
    events_reset(seed);
    nodes_start(n, s->endpoint, s->buffer ? s->buffer : BUFFER);
    events_run(s->length_s, scenario_second);
    r = measure(s, &counted);
    good = counted && is_within(&r, &s->max);
    print_result(s->name, &r, n, counted ? "" : " lines were lost that are not counted");
    if (!good)
        print_result("  exceeds", &s->max, n, "");
    fflush(stdout);
    nodes_end();
    return good;
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000, failed = 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;

    log_set_level(LOG_ERROR);
    printf("%u machines, a poll of %u bytes every %u s; seed %llu\n", n, LINES * LINE_BYTES,
           (unsigned)(INTERVAL / SECOND), (unsigned long long)seed);
    printf("| %-28s | %6s | %6s | %6s | %5s | %5s | %6s | %5s |\n", "the aggregator", "away/s", "back/s", "posts",
           "MB/s", "again", "late", "lost");
    printf("|---|---|---|---|---|---|---|---|\n");
    for (const struct scenario *s = scenarios; s->name; s++)
        failed += !play(s, n, seed);
    printf("in any 100 ms from the third poll on, %.2f %% of the machines poll\n", 100.0 * most_polls / n);
    return failed || !is_rate_within((double)most_polls / n, .012) ? 1 : 0;
}
