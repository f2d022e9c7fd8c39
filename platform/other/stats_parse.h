/* The kernel's counters as systems other than Linux give them: a struct of numbers of one size, 4 or 8 bytes, in the
 * machine's byte order. Pure. */
#ifndef STATS_PARSE_H
#define STATS_PARSE_H

#include <stddef.h>

#include "count/kernel.h"

/* A number that counts for a counter. */
struct stats_row {
    uint8_t counter; /* enum kernel_counter */
    uint8_t at;      /* how many numbers are before it */
};

struct stats_layout {
    const struct stats_row *row;
    uint8_t rows;
    uint8_t size; /* of each number in bytes: 4 or 8 */
};

/* Initialises a layout. */
#define STATS_LAYOUT(row, size) {row, sizeof(row) / sizeof *(row), size}

/* Adds the numbers of a struct to their counters: a counter with several rows, or in several structs, is their sum. A
 * sum of 4-byte numbers wraps as they do, or a wrapped one would look like a counter that began anew. Adds nothing if
 * len bytes are too few for one of the rows. */
void stats_parse(const void *stats, size_t len, const struct stats_layout *layout, struct kernel_reading *out);

#endif
