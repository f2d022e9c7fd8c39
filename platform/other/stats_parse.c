#include "other/stats_parse.h"

#include <string.h>

static uint64_t number_at(const uint8_t *at, size_t size)
{
    uint64_t n;
    uint32_t half;

    if (size == sizeof half) {
        memcpy(&half, at, sizeof half);
        return half;
    }
    memcpy(&n, at, sizeof n);
    return n;
}

void stats_parse(const void *stats, size_t len, const struct stats_layout *layout, struct kernel_reading *out)
{
    const struct stats_row *end = layout->row + layout->rows;

    for (const struct stats_row *row = layout->row; row < end; row++)
        if ((row->at + 1u) * layout->size > len)
            return;
    for (const struct stats_row *row = layout->row; row < end; row++) {
        uint64_t *n = &out->n[row->counter];

        *n += number_at((const uint8_t *)stats + row->at * layout->size, layout->size);
        if (layout->size == sizeof(uint32_t))
            *n = (uint32_t)*n;
        out->known |= 1u << row->counter;
    }
}
