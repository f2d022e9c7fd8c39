/* A set of ports, a bit for each. Pure. */
#ifndef PORTS_H
#define PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port_set {
    uint64_t word[65536 / 64];
};

struct port_range {
    uint16_t low, high; /* inclusive */
};

static inline bool ports_have(const struct port_set *set, uint16_t port)
{
    return set->word[port / 64] >> port % 64 & 1;
}

static inline void ports_add(struct port_set *set, uint16_t port)
{
    set->word[port / 64] |= 1ull << port % 64;
}

/* Add the ports of a range, or remove them. */
void ports_add_range(struct port_set *set, struct port_range range);
void ports_remove_range(struct port_set *set, struct port_range range);

uint32_t ports_count(const struct port_set *set);

/* Writes the set to out as at most max ranges, ascending and not adjacent. A set of more runs than that is widened: the
 * ranges with the smallest gaps between them are merged, and contain the ports of these gaps, too. Returns the number
 * of ranges, 0 for an empty set. max is at least 1. */
size_t ports_ranges(const struct port_set *set, struct port_range *out, size_t max);

#endif
