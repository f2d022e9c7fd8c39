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

/* Returns the milliseconds left, rounded up, or 0 once the deadline has passed. */
static inline int deadline_left_ms(uint64_t deadline_ns)
{
    uint64_t now = platform_monotonic_ns();

    return now < deadline_ns ? (int)((deadline_ns - now) / NS_PER_MS) + 1 : 0;
}

#endif
