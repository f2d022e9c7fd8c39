/* Deadlines: points on the clock of platform_monotonic_ns, in ns. */
#ifndef DEADLINE_H
#define DEADLINE_H

#include "platform.h"

#define NS_PER_MS UINT64_C(1000000)

/* Returns the deadline that is ms from now. */
static inline uint64_t deadline_in(unsigned ms)
{
    return platform_monotonic_ns() + ms * NS_PER_MS;
}

/* Returns the first of the deadlines start_ns + n * step_ns that is after now_ns. Those before it are skipped, not
 * caught up. */
static inline uint64_t deadline_next(uint64_t start_ns, uint64_t step_ns, uint64_t now_ns)
{
    return start_ns + ((now_ns - start_ns) / step_ns + 1) * step_ns;
}

/* Returns a start for deadline_next, drawn so that the deadlines of machines that start together, at now_ns, are spread
 * over a step, in whole milliseconds. A step that is shorter than two units is spread over what exceeds a unit. */
static inline uint64_t deadline_start(uint64_t step_ns, uint64_t unit_ns, uint64_t now_ns)
{
    uint64_t least_ns = step_ns < 2 * unit_ns ? unit_ns : NS_PER_MS;
    uint32_t range = (uint32_t)((step_ns - least_ns) / NS_PER_MS);

    return now_ns - platform_random(range + 1) * NS_PER_MS;
}

/* Returns the first deadline, half a step to a step after now_ns: that of deadline_next, or half a step later where
 * that comes sooner. If it was moved, the next one is half a step later. So deadlines are at least a unit of
 * deadline_start apart, and at most a step. */
static inline uint64_t deadline_first(uint64_t start_ns, uint64_t step_ns, uint64_t now_ns)
{
    uint64_t next_ns = deadline_next(start_ns, step_ns, now_ns);

    return next_ns - now_ns < step_ns / 2 ? next_ns + step_ns / 2 : next_ns;
}

/* Returns the milliseconds left, rounded up, or 0 once the deadline has passed. */
static inline int deadline_left_ms(uint64_t deadline_ns)
{
    uint64_t now = platform_monotonic_ns();

    return now < deadline_ns ? (int)((deadline_ns - now) / NS_PER_MS) + 1 : 0;
}

#endif
