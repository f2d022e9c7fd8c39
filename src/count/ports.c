#include "count/ports.h"

#define WORDS (65536 / 64)
#define PORTS 65536u

void ports_add_range(struct port_set *set, struct port_range range)
{
    for (uint32_t port = range.low; port <= range.high; port++)
        ports_add(set, (uint16_t)port);
}

void ports_remove_range(struct port_set *set, struct port_range range)
{
    for (uint32_t port = range.low; port <= range.high; port++)
        set->word[port / 64] &= ~(1ull << port % 64);
}

uint32_t ports_count(const struct port_set *set)
{
    uint32_t n = 0;

    for (size_t i = 0; i < PORTS / 64; i++)
        n += (uint32_t)__builtin_popcountll(set->word[i]);
    return n;
}

/* Returns the first port from `from` on that is in the set, or with flip = ~0 the first that is not; PORTS if all the
 * others differ. */
static uint32_t find(const struct port_set *set, uint32_t from, uint64_t flip)
{
    uint64_t word;

    if (from >= PORTS)
        return PORTS;
    word = (set->word[from / 64] ^ flip) >> from % 64;
    if (word)
        return from + (uint32_t)__builtin_ctzll(word);
    for (size_t i = from / 64 + 1; i < WORDS; i++)
        if ((word = set->word[i] ^ flip))
            return (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(word);
    return PORTS;
}

/* Returns the number of gaps of more than `width` ports between two runs. */
static size_t wide_gaps(const struct port_set *set, uint32_t width)
{
    size_t n = 0;

    for (uint32_t end = find(set, find(set, 0, 0), ~0ull), next; (next = find(set, end, 0)) < PORTS;
         end = find(set, next, ~0ull))
        n += next - end > width;
    return n;
}

/* Returns the smallest width of which at most max gaps are wider. */
static uint32_t narrowest(const struct port_set *set, size_t max)
{
    uint32_t low = 0, high = PORTS;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (wide_gaps(set, middle) > max)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t ports_ranges(const struct port_set *set, struct port_range *out, size_t max)
{
    uint32_t width = narrowest(set, max - 1), low = find(set, 0, 0), end;
    size_t spare = max - 1 - wide_gaps(set, width), n = 0; /* of gaps that are just so wide, as many stay */

    if (low == PORTS)
        return 0;
    for (end = find(set, low, ~0ull);; end = find(set, end, ~0ull)) {
        uint32_t next = find(set, end, 0);
        bool last = next == PORTS, keeps = !last && next - end == width && spare;

        spare -= keeps;
        if (last || keeps || next - end > width) {
            out[n++] = (struct port_range){(uint16_t)low, (uint16_t)(end - 1)};
            low = next;
        }
        if (last)
            return n;
        end = next;
    }
}
