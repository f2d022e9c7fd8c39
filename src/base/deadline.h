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

/* Returns a start for these functions, drawn from the step_ns before now_ns in whole milliseconds. So machines that
 * start together do not fall together at any deadline. */
static inline uint64_t deadline_start(uint64_t step_ns, uint64_t now_ns)
{
    return now_ns - platform_random((uint32_t)(step_ns / NS_PER_MS)) * NS_PER_MS;
}

/* Returns the first deadline that is more than a step after now_ns, so that what happens now and at the deadlines has
 * different times even in the coarsest unit, which is no longer than a step. */
static inline uint64_t deadline_first(uint64_t start_ns, uint64_t step_ns, uint64_t now_ns)
{
    return deadline_next(start_ns, step_ns, now_ns + step_ns);
}

/* Returns the milliseconds left, rounded up, or 0 once the deadline has passed. */
static inline int deadline_left_ms(uint64_t deadline_ns)
{
    uint64_t now = platform_monotonic_ns();

    return now < deadline_ns ? (int)((deadline_ns - now) / NS_PER_MS) + 1 : 0;
}

#endif
