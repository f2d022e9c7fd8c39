/* The kernel's own counters, as far as they could be read. */
#include "encode/source.h"

static void put_kernel(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    const struct kernel_reading *k = s->kernel;
    const struct tagset set = {.tags = tags_for(s, format)->users};
    struct values v = {.n = 0};

    if (!k || s->only_metrics)
        return;
    for (unsigned i = 0; i < KERNEL_COUNTERS; i++)
        if (k->known >> i & 1)
            values_add(&v, s, FIELD_KERNEL + i, k->n[i],
                       i < KERNEL_GAUGES ? ADDED_NONE : ADDED_KERNEL + i - KERNEL_GAUGES);
    values_put(&v, s, format, sink, NETSTAT_KERNEL, &set);
}

static uint64_t measure_kernel(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    put_kernel(s, format, sink);
    return 0;
}

const struct source source_kernel = {put_kernel, measure_kernel, .of_pods = false};
