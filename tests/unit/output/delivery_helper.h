/* An output with its thread, as tests of delivery run it, in the time of clock.h. */
#ifndef DELIVERY_HELPER_H
#define DELIVERY_HELPER_H

#include "unit/helper.h"
#include "unit/output/clock.h"

struct running {
    struct output output;
    struct endpoint endpoint;
    struct arena arena;
};

/* Limits that are small, for lines of a few letters. */
extern const struct output_limits small_limits;

/* Starts an output to this endpoint, which is copied. Returns once its thread waits for the first snapshot. */
void start_to(struct running *r, const struct endpoint *endpoint, const struct output_limits *limits);

/* The same, by the transport alone, and with small limits. */
void start_as(struct running *r, const struct transport *transport, const struct encoder *format, uint64_t replay_ns);
void start(struct running *r, const struct transport *transport);

/* Returns a snapshot of gauges alone; text is the caller's. */
struct lines lines_of(uint64_t poll, const char *text);

/* Hands the output a snapshot of gauges. Returns once its thread has done with it what it can do at once. */
void put(struct running *r, uint64_t poll, const char *text);

uint64_t counted(struct running *r, enum output_counter counter);

/* Let time pass, two minutes at most, until the counter has this value, or has risen by so much. */
void wait_for(struct running *r, enum output_counter counter, uint64_t value);
void wait_for_more(struct running *r, enum output_counter counter, uint64_t more);

/* Asks the thread to end, and lets time pass until it has. */
void finish(struct running *r);

#endif
