#include "input/metric_layout.h"

static size_t aligned(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

void *metric_state(const struct metric *metric)
{
    return (char *)(metric + 1) + aligned(metric->text_len);
}

const struct histogram *metric_total(const struct metric *metric)
{
    return (const struct histogram *)metric_state(metric) + 1;
}

static size_t state_size(const struct metrics *m, enum metric_kind kind, bool negative)
{
    size_t words = HISTOGRAM_NARROW + (m->settings.totals ? HISTOGRAM_WIDE : 0);

    if (kind == METRIC_SET)
        return aligned(sizeof(struct set));
    if (!kind_is_timed(kind))
        return 0;
    return sizeof(struct histogram) * (1u + m->settings.totals) + words * sizeof(uint32_t) * (1u + negative);
}

size_t metric_size(const struct metrics *m, size_t text_len, enum metric_kind kind, bool negative)
{
    return sizeof(struct metric) + aligned(text_len) + state_size(m, kind, negative);
}

void metric_place_buckets(const struct metrics *m, struct metric *metric)
{
    struct histogram *h = metric_state(metric);
    uint32_t *counts = (uint32_t *)(h + 1 + m->settings.totals);

    for (unsigned i = 0; i <= m->settings.totals; i++)
        for (unsigned sign = 0; sign <= metric->negative; sign++) {
            h[i].range[sign].counts = counts;
            counts += i ? HISTOGRAM_WIDE : HISTOGRAM_NARROW;
        }
}

void metric_clear(struct histogram *h, bool negative, bool wide)
{
    uint32_t *counts[] = {h->range[0].counts, h->range[1].counts};

    histogram_init(h, counts[HISTOGRAM_POSITIVE], wide);
    if (negative)
        histogram_init_negative(h, counts[HISTOGRAM_NEGATIVE]);
}

void metric_begin(const struct metrics *m, struct metric *metric)
{
    struct histogram *h = metric_state(metric);

    metric->values = (struct metric_values){0};
    metric->start_ms = m->flush_ms;
    metric->fresh = true;
    metric->ended = false;
    for (unsigned i = 0; kind_is_timed(metric->kind) && i <= m->settings.totals; i++)
        if (i || !metric->touched)
            metric_clear(&h[i], metric->negative, i);
}
