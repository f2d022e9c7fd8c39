/* The end of an interval, and reading what it brought. */
#include <string.h>

#include "input/metric_layout.h"

#define FLUSH_SOME 32768 /* bytes of metrics: about 200 counters, or 25 timings, which take 50 us */

static const unsigned quantiles[METRIC_QUANTILES] = {500, 900, 990}; /* permille */

static void flush_histogram(const struct metrics *m, struct metric *metric)
{
    struct histogram *h = metric_state(metric);
    struct metric_values *v = &metric->values;

    v->count = h->count;
    v->sum = h->sum;
    v->min = h->min;
    v->max = h->max;
    for (unsigned i = 0; i < METRIC_QUANTILES; i++)
        v->quantile[i] = histogram_quantile(h, quantiles[i]);
    v->total_count += h->count;
    v->total_sum += h->sum;
    if (!metric->touched)
        return;
    if (m->settings.totals)
        histogram_merge(h + 1, h);
    metric_clear(h, metric->negative, false);
}

static void flush_values(const struct metrics *m, struct metric *metric)
{
    struct metric_values *v = &metric->values;

    switch (metric->kind) {
    case METRIC_COUNTER:
        v->value = metric->interval;
        v->total = bounded(v->total + metric->interval);
        metric->interval = 0;
        metric->monotonic = !metric->decreased;
        break;
    case METRIC_GAUGE: v->value = metric->interval; break;
    case METRIC_SET:
        v->value = (double)set_count(metric_state(metric));
        if (metric->touched)
            memset(metric_state(metric), 0, sizeof(struct set));
        break;
    default: flush_histogram(m, metric);
    }
    metric->written = metric->touched || !kind_is_timed(metric->kind);
}

/* Returns true if the metric is to be forgotten, unless a line comes for it before the flush ends. */
static bool is_over(const struct metrics *m, const struct metric *metric)
{
    return metric->replaced || (metric->ended && !metric->touched && metric->flushed != m->flush_no);
}

/* Ends the metric's interval, unless this flush has done so, or it is to be forgotten. */
static void flush(const struct metrics *m, struct metric *metric, uint64_t now_ms)
{
    if (metric->flushed == m->flush_no || is_over(m, metric))
        return;
    if (metric->ended)
        metric_begin(m, metric); /* it came back */
    else if (metric->flushed)
        metric->fresh = false;
    metric->flushed = m->flush_no;
    if (metric->touched)
        metric->touched_ms = now_ms;
    flush_values(m, metric);
    metric->ended = m->settings.expiry_ms && now_ms - metric->touched_ms >= m->settings.expiry_ms;
    if (metric->ended)
        metric->interval = 0; /* a gauge's next change begins at 0 */
    metric->touched = false;
}

/* Finds the places of all metrics anew. */
static void place_all(struct metrics *m)
{
    memset(m->place, 0, m->places * sizeof *m->place);
    for (uint32_t at = 0; at < m->used; at += metric_at(m, at)->size) {
        uint32_t i = metric_at(m, at)->hash & (m->places - 1);

        while (m->place[i])
            i = (i + 1) & (m->places - 1);
        m->place[i] = at + 1;
    }
}

/* Forgets metrics, and moves the others together. */
static void forget(struct metrics *m)
{
    uint32_t to = 0, size;

    for (uint32_t at = 0; at < m->used; at += size) {
        struct metric *metric = metric_at(m, at);

        size = metric->size;
        if (is_over(m, metric)) {
            m->n--;
            continue;
        }
        if (to < at) {
            metric = memmove(m->block + to, metric, size);
            if (kind_is_timed(metric->kind))
                metric_place_buckets(m, metric);
        }
        to += size;
    }
    if (to < m->used || m->recent.full)
        recent_clear(&m->recent);
    if (to < m->used) {
        m->used = to;
        place_all(m);
    }
}

bool metrics_flush_some(struct metrics *m, uint64_t now_ms, int64_t wall_ms)
{
    uint32_t at = m->flush_at, end = at + FLUSH_SOME;

    if (!at)
        m->flush_no = (uint8_t)(m->flush_no % UINT8_MAX + 1);
    for (; at < m->used && at < end; at += metric_at(m, at)->size)
        flush(m, metric_at(m, at), now_ms);
    m->flush_at = at < m->used ? at : 0;
    if (m->flush_at)
        return true;
    forget(m);
    m->read_end = m->used;
    m->before_ms = m->flush_ms;
    m->flush_ms = wall_ms;
    return false;
}

void metrics_flush(struct metrics *m, uint64_t now_ms, int64_t wall_ms)
{
    while (metrics_flush_some(m, now_ms, wall_ms))
        ;
}

/* --- reading -------------------------------------------------------------------------------- */

const struct metric *metrics_next(const struct metrics *m, const struct metric *after)
{
    uint32_t at = after ? (uint32_t)((const char *)after - m->block) + after->size : 0;

    return at < m->read_end ? metric_at(m, at) : NULL;
}

const char *metric_name(const struct metric *metric)
{
    return (const char *)(metric + 1);
}

const char *metric_next_tag(const struct metric *metric, const char *after, const char **value)
{
    const char *end = metric_name(metric) + metric->text_len, *key = metric_name(metric) + metric->name_len + 1;

    if (after) {
        key = after + strlen(after) + 1;
        key += strlen(key) + 1;
    }
    if (key == end)
        return NULL;
    *value = key + strlen(key) + 1;
    if (**value == '\1')
        *value = NULL;
    return key;
}
