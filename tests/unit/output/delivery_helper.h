/* An output with its thread, in the time of clock.h, for tests of delivery. */
#ifndef DELIVERY_HELPER_H
#define DELIVERY_HELPER_H

#include "unit/helper.h"
#include "unit/output/clock.h"

struct running {
    struct output output;
    struct endpoint endpoint;
    struct arena arena;
};

/* Small limits, for lines of a few letters. */
extern const struct output_limits small_limits;

/* Starts an output to this endpoint, which is copied. Returns once the thread waits for the first snapshot. */
void start_to(struct running *r, const struct endpoint *endpoint, const struct output_limits *limits);

/* Starts an output with this transport and small limits. */
void start_as(struct running *r, const struct transport *transport, const struct encoder *format, uint64_t replay_ns);
void start(struct running *r, const struct transport *transport);

/* Returns a snapshot that holds only gauges. The caller owns text. */
struct lines lines_of(const char *text);

/* Puts a snapshot of one piece. */
void put_lines(struct output *o, uint64_t poll, const struct lines *lines);

/* Puts a snapshot of gauges into the output. Returns once the thread has done all that it can do at once. */
void put(struct running *r, uint64_t poll, const char *text);

uint64_t counted(struct running *r, enum output_counter counter);

/* Move the time, by two minutes at most, until the counter has this value, or has risen by this much. */
void wait_for(struct running *r, enum output_counter counter, uint64_t value);
void wait_for_more(struct running *r, enum output_counter counter, uint64_t more);

/* Asks the thread to end, and moves the time until it has ended. */
void finish(struct running *r);

#endif
