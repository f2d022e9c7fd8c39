#include "input/metrics.h"

#include <string.h>

#include "base/hash.h"
#include "base/number.h"
#include "input/metric_key.h"
#include "input/metric_layout.h"

#define PER_PLACE      64 /* bytes of memory for a place of the hash table; a metric has more, so it is never full */
#define OVERFLOW_SHARE 8  /* the last 1/8 of the block is for overflow series */

#define CARRY_ONE 2147483648. /* no float: its conversions would be two more functions in base/double.c */

/* --- finding and adding ------------------------------------------------------------------ */

static uint32_t hash_of(const struct metrics *m, const struct metric_key *key, enum metric_kind kind)
{
    return (uint32_t)hash_bytes(key->text, key->len, m->settings.key) + kind;
}

static uint32_t offset_of(const struct metrics *m, const struct metric *metric)
{
    return (uint32_t)((const char *)metric - m->block);
}

/* Returns the place of the metric with this key, or the free one for it. */
static uint32_t *find(const struct metrics *m, const struct metric_key *key, enum metric_kind kind, uint32_t hash)
{
    uint32_t i = hash & (m->places - 1);

    for (; m->place[i]; i = (i + 1) & (m->places - 1)) {
        const struct metric *metric = metric_at(m, m->place[i] - 1);

        if (metric->hash == hash && metric->kind == kind && metric->text_len == key->len &&
            !memcmp(metric + 1, key->text, key->len))
            break;
    }
    return &m->place[i];
}

/* Adds a metric below the limit, in bytes of the block. Returns it, or NULL if there is no room. */
static struct metric *add(struct metrics *m, const struct metric_key *key, enum metric_kind kind, bool negative,
                          uint32_t limit)
{
    size_t size = metric_size(m, key->len, kind, negative);
    struct metric *metric = metric_at(m, m->used);

    if (m->used + size > limit)
        return NULL;
    memset(metric, 0, size);
    metric->size = (uint32_t)size;
    metric->kind = (uint8_t)kind;
    metric->negative = negative;
    metric->name_len = (uint16_t)key->name_len;
    metric->text_len = (uint16_t)key->len;
    metric->n_tags = (uint8_t)key->n_tags;
    memcpy(metric + 1, key->text, key->len);
    if (kind_is_timed(kind))
        metric_place_buckets(m, metric);
    metric_begin(m, metric);
    m->used += metric->size;
    m->n++;
    return metric;
}

static struct metric *find_or_add(struct metrics *m, const struct metric_key *key, enum metric_kind kind,
                                  uint32_t limit)
{
    uint32_t hash = hash_of(m, key, kind), *place = find(m, key, kind, hash);
    struct metric *metric = *place ? metric_at(m, *place - 1) : add(m, key, kind, false, limit);

    if (!*place && metric) {
        metric->hash = hash;
        *place = offset_of(m, metric) + 1;
    }
    return metric;
}

/* Returns the metric of this key for a value, or the overflow series of its name if there is no room, or NULL. */
static struct metric *metric_for(struct metrics *m, const struct metric_key *key, const struct line_value *v,
                                 const struct recent_line *cut, uint64_t *overflow)
{
    struct metric *metric = find_or_add(m, key, v->kind, m->reserve);
    struct metric_key other;

    if (metric) {
        if (cut)
            recent_note(&m->recent, cut, v->rate, offset_of(m, metric));
        return metric;
    }
    ++*overflow;
    if (v->kind == METRIC_GAUGE)
        return NULL; /* the last of many values means nothing */
    memcpy(&other, key, offsetof(struct metric_key, text) + key->name_len + 1);
    metric_key_overflow(&other);
    return find_or_add(m, &other, v->kind, m->cap);
}

/* Replaces a metric by a copy that has ranges for negative values. Returns the copy, or NULL if there is no room. */
static struct metric *with_negative(struct metrics *m, struct metric *metric)
{
    struct metric_key key = {.len = metric->text_len, .name_len = metric->name_len, .n_tags = metric->n_tags};
    struct histogram *from = metric_state(metric), *to;
    struct metric *copy;
    uint32_t hash = metric->hash, size;

    memcpy(key.text, metric + 1, key.len);
    copy = add(m, &key, metric->kind, true, m->cap);
    if (!copy)
        return NULL;
    size = copy->size;
    *copy = *metric;
    copy->size = size;
    copy->negative = true;
    to = metric_state(copy);
    for (unsigned i = 0; i <= m->settings.totals; i++)
        histogram_merge(&to[i], &from[i]);
    *find(m, &key, metric->kind, hash) = offset_of(m, copy) + 1;
    metric->replaced = true;
    recent_clear(&m->recent);
    return copy;
}

/* --- adding values ----------------------------------------------------------------------- */

static void take_sampled(struct metrics *m, struct metric *metric, const struct line_value *v, uint64_t *overflow)
{
    double weight = 1 / v->rate + metric->carry / CARRY_ONE;
    uint32_t n = (uint32_t)weight;

    if (!histogram_add(metric_state(metric), v->number, n)) {
        metric = with_negative(m, metric);
        if (!metric) {
            ++*overflow;
            return;
        }
        histogram_add(metric_state(metric), v->number, n);
    }
    metric->carry = (uint32_t)((weight - n) * CARRY_ONE + 0.5);
    metric->touched = true;
}

static void take_value(struct metrics *m, struct metric *metric, const struct line_value *v, uint64_t *overflow)
{
    bool sign = *v->text.at == '-' || *v->text.at == '+';

    switch (v->kind) {
    case METRIC_COUNTER:
        metric->interval = bounded(metric->interval + v->number / v->rate);
        metric->decreased |= v->number < 0;
        break;
    case METRIC_GAUGE:
        sign &= m->settings.deltas;
        metric->interval = bounded((sign ? metric->interval : 0) + v->number);
        m->first_delta |= sign && metric->n_tags;
        break;
    case METRIC_SET: set_add(metric_state(metric), hash_bytes(v->text.at, v->text.len, m->settings.key)); break;
    default: take_sampled(m, metric, v, overflow); return;
    }
    metric->touched = true;
}

bool metrics_add(struct metrics *m, struct line *line, const struct recent_line *cut, uint64_t *overflow)
{
    struct metric_key key;
    struct line_value v;

    if (!metric_key_make(&key, line))
        return false;
    if (line->apart || line->timed)
        cut = NULL;
    while (line_next(line, &v)) {
        struct metric *metric = metric_for(m, &key, &v, cut, overflow);

        if (metric)
            take_value(m, metric, &v, overflow);
    }
    return true;
}

bool metrics_add_recent(struct metrics *m, struct recent_line *cut, uint64_t *overflow)
{
    struct line_value *v = &cut->value;
    struct metric *metric;

    if (!cut->like)
        return false;
    metric = metric_at(m, cut->like->metric);
    v->kind = metric->kind;
    v->rate = cut->like->rate;
    if (cut->plain)
        v->number = cut->number;
    else if (v->kind != METRIC_SET && !number_read(v->text.at, v->text.len, &v->number))
        return false;
    take_value(m, metric, v, overflow);
    return true;
}

void metrics_init(struct metrics *m, const struct metrics_settings *settings, void *memory, uint32_t size)
{
    *m = (struct metrics){.settings = *settings, .block = memory, .flush_ms = -1, .before_ms = -1, .places = 1};
    while (m->places * 2 * PER_PLACE <= size)
        m->places *= 2;
    m->cap = (uint32_t)((size - m->places * sizeof *m->place) & ~(size_t)7);
    m->place = (uint32_t *)(m->block + m->cap);
    m->reserve = m->cap - m->cap / OVERFLOW_SHARE;
}
