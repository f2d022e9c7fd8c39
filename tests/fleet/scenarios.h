/* What happens to the aggregator, and what that may cost. */
#ifndef SCENARIOS_H
#define SCENARIOS_H

#include "fleet/fleet.h"

#define FROM_S     45 /* when it happens: connections have lasted for SOCKPUSH_REPLAY */
#define SETTLING_S 30 /* before the end: what was polled before has been stored, or is lost */

/* The most that may be. Rates are of one second and for each instance. */
struct bounds {
    double away, back; /* connects, while the aggregator is away, and later */
    double requests;   /* requests, later */
    double lines;      /* snapshots that arrive, later */
    double again;      /* lines that were sent more than once, for each line */
    double late_s;     /* the longest that a line waits while the aggregator works again */
    double lost;       /* snapshots, in all */
    bool uncounted;    /* nothing tells an instance what was lost */
};

struct scenario {
    const char *name;
    const struct endpoint *endpoint;
    unsigned away_s, length_s;
    void (*away)(void), (*back)(void); /* what happens then */
    struct answers answers;            /* while it is away */
    size_t buffer;                     /* SOCKPUSH_BUFFER; 0: its default */
    struct bounds max;
};

/* They end with one without a name. */
extern const struct scenario scenarios[];

/* Prepares the aggregator. */
void scenario_begin(const struct scenario *s);

/* Does what happens in the second of the scenario that began last. */
void scenario_second(unsigned second);

#endif
