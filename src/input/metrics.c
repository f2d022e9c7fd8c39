#include "input/metrics.h"

#include <float.h>
#include <string.h>

#include "base/hash.h"
#include "input/metric_key.h"

#define PER_PLACE      64 /* bytes of memory for a place of the hash table; a metric has more, so it is never full */
#define OVERFLOW_SHARE 8  /* the last 1/8 of the block is for overflow series */

#define CARRY_ONE 2147483648. /* no float: its conversions would be two more functions in base/double.c */

#define TOO_LONG LINE_FAULTS /* the fault of a line that is too long for a key, or cut */

static const unsigned quantiles[METRIC_QUANTILES] = {500, 900, 990}; /* permille */

/* Returns the sum, or the greatest double that a sum of doubles can be. */
static double finite(double sum)
{
    return sum > DBL_MAX ? DBL_MAX : sum < -DBL_MAX ? -DBL_MAX : sum;
}

/* --- the layout of a metric ------------------------------------------------------------ */

static size_t aligned(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static bool has_histogram(unsigned kind)
{
    return kind == METRIC_TIMING || kind == METRIC_HISTOGRAM || kind == METRIC_DISTRIBUTION;
}

static void *state_of(const struct metric *metric)
{
    return (char *)(metric + 1) + aligned(metric->text_len);
}

const struct histogram *metric_total(const struct metric *metric)
{
    return (const struct histogram *)state_of(metric) + 1;
}

static size_t state_size(const struct metrics *m, unsigned kind, bool negative)
{
    size_t words = HISTOGRAM_NARROW + (m->settings.totals ? HISTOGRAM_WIDE : 0);

    if (kind == METRIC_SET)
        return aligned(sizeof(struct set));
    if (!has_histogram(kind))
        return 0;
    return sizeof(struct histogram) * (1u + m->settings.totals) + words * sizeof(uint32_t) * (1u + negative);
}

/* Points a metric's histograms to their buckets. */
static void place_buckets(const struct metrics *m, struct metric *metric)
{
    struct histogram *h = state_of(metric);
    uint32_t *counts = (uint32_t *)(h + 1 + m->settings.totals);

    for (unsigned i = 0; i <= m->settings.totals; i++)
        for (unsigned sign = 0; sign <= metric->negative; sign++) {
            h[i].range[sign].counts = counts;
            counts += i ? HISTOGRAM_WIDE : HISTOGRAM_NARROW;
        }
}

static void clear(struct histogram *h, bool negative, bool wide)
{
    uint32_t *counts[] = {h->range[0].counts, h->range[1].counts};

    histogram_init(h, counts[HISTOGRAM_POSITIVE], wide);
    if (negative)
        histogram_init_negative(h, counts[HISTOGRAM_NEGATIVE]);
}

/* Clears all that the metric has since its start. */
static void begin(const struct metrics *m, struct metric *metric)
{
    struct histogram *h = state_of(metric);

    metric->values = (struct metric_values){0};
    metric->start_ms = m->flush_ms;
    metric->fresh = true;
    metric->ended = false;
    for (unsigned i = 0; has_histogram(metric->kind) && i <= m->settings.totals; i++)
        if (i || !metric->touched)
            clear(&h[i], metric->negative, i);
}

/* --- finding and adding ------------------------------------------------------------------ */

static struct metric *at_offset(const struct metrics *m, uint32_t at)
{
    return (struct metric *)(m->block + at);
}

static uint32_t hash_of(const struct metrics *m, const struct metric_key *key, unsigned kind)
{
    return (uint32_t)hash_bytes(key->text, key->len, m->settings.key) + kind;
}

/* Returns the place of the metric with this key, or the free one for it. */
static uint32_t *find(const struct metrics *m, const struct metric_key *key, unsigned kind, uint32_t hash)
{
    uint32_t i = hash & (m->places - 1);

    for (; m->place[i]; i = (i + 1) & (m->places - 1)) {
        const struct metric *metric = at_offset(m, m->place[i] - 1);

        if (metric->hash == hash && metric->kind == kind && metric->text_len == key->len &&
            !memcmp(metric + 1, key->text, key->len))
            break;
    }
    return &m->place[i];
}

/* Adds a metric below the limit, in bytes of the block. Returns it, or NULL if there is no room. */
static struct metric *add(struct metrics *m, const struct metric_key *key, unsigned kind, bool negative, uint32_t limit)
{
    size_t size = sizeof(struct metric) + aligned(key->len) + state_size(m, kind, negative);
    struct metric *metric = at_offset(m, m->used);

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
    if (has_histogram(kind))
        place_buckets(m, metric);
    begin(m, metric);
    m->used += metric->size;
    m->n++;
    return metric;
}

static struct metric *find_or_add(struct metrics *m, const struct metric_key *key, unsigned kind, uint32_t limit)
{
    uint32_t hash = hash_of(m, key, kind), *place = find(m, key, kind, hash);
    struct metric *metric = *place ? at_offset(m, *place - 1) : add(m, key, kind, false, limit);

    if (!*place && metric) {
        metric->hash = hash;
        *place = (uint32_t)((char *)metric - m->block) + 1;
    }
    return metric;
}

/* Returns the metric of this key and kind, or the overflow series of its name if there is no room, or NULL. */
static struct metric *metric_for(struct metrics *m, const struct metric_key *key, unsigned kind)
{
    struct metric *metric = find_or_add(m, key, kind, m->reserve);
    struct metric_key overflow;

    if (metric)
        return metric;
    m->counters.overflow_lines++;
    if (kind == METRIC_GAUGE)
        return NULL; /* the last of many values means nothing */
    memcpy(&overflow, key, offsetof(struct metric_key, text) + key->name_len + 1);
    metric_key_overflow(&overflow);
    return find_or_add(m, &overflow, kind, m->cap);
}

/* Replaces a metric by a copy that has ranges for negative values. Returns the copy, or NULL if there is no room. */
static struct metric *with_negative(struct metrics *m, struct metric *metric)
{
    struct metric_key key = {.len = metric->text_len, .name_len = metric->name_len, .n_tags = metric->n_tags};
    struct histogram *from = state_of(metric), *to;
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
    to = state_of(copy);
    for (unsigned i = 0; i <= m->settings.totals; i++)
        histogram_merge(&to[i], &from[i]);
    *find(m, &key, metric->kind, hash) = (uint32_t)((char *)copy - m->block) + 1;
    metric->replaced = true;
    return copy;
}

/* --- taking lines ------------------------------------------------------------------------ */

static void refuse(struct metrics *m, unsigned fault, const struct span *line)
{
    size_t len = line->len < REFUSAL_SHOWN ? line->len : REFUSAL_SHOWN;

    m->counters.refused_lines++;
    for (size_t i = 0; i < len && (i || !*m->refused[fault]); i++)
        m->refused[fault][i] = line->at[i] ? line->at[i] : '?';
}

static void take_sampled(struct metrics *m, struct metric *metric, const struct line_value *v)
{
    double weight = 1 / v->rate + metric->carry / CARRY_ONE;
    uint32_t n = (uint32_t)weight;

    if (!histogram_add(state_of(metric), v->number, n)) {
        metric = with_negative(m, metric);
        if (!metric) {
            m->counters.overflow_lines++;
            return;
        }
        histogram_add(state_of(metric), v->number, n);
    }
    metric->carry = (uint32_t)((weight - n) * CARRY_ONE + 0.5);
    metric->touched = true;
}

static void take_value(struct metrics *m, struct metric *metric, const struct line_value *v)
{
    bool sign = *v->text.at == '-' || *v->text.at == '+';

    switch (v->kind) {
    case METRIC_COUNTER:
        metric->interval = finite(metric->interval + v->number / v->rate);
        metric->decreased |= v->number < 0;
        break;
    case METRIC_GAUGE:
        metric->interval = finite((sign && m->settings.deltas ? metric->interval : 0) + v->number);
        break;
    case METRIC_SET: set_add(state_of(metric), hash_bytes(v->text.at, v->text.len, m->settings.key)); break;
    default: take_sampled(m, metric, v); return;
    }
    metric->touched = true;
}

static void take_line(struct metrics *m, const struct span *text)
{
    struct metric_key key;
    struct line_value v;
    struct line line;
    enum line_fault fault = line_parse(text->at, text->len, &line);

    if (fault) {
        refuse(m, fault, text);
        return;
    }
    m->counters.lines++;
    if (line.kind >= METRIC_TYPES) {
        m->counters.unsupported_lines++;
        return;
    }
    if (!metric_key_make(&key, &line)) {
        m->counters.lines--;
        refuse(m, TOO_LONG, text);
        return;
    }
    m->counters.late_times += line.timed;
    m->first_delta |= line.signed_gauge && line.tags.at && m->settings.deltas;
    while (line_next(&line, &v)) {
        struct metric *metric = metric_for(m, &key, v.kind);

        if (metric)
            take_value(m, metric, &v);
    }
}

void metrics_take(struct metrics *m, const char *datagram, size_t len, bool cut)
{
    struct span rest = {datagram, len}, line;

    while (line_split(&rest, &line)) {
        if (cut && line.at + line.len == datagram + len)
            refuse(m, TOO_LONG, &line);
        else
            take_line(m, &line);
    }
}

/* --- the end of an interval ------------------------------------------------------------- */

static void flush_histogram(const struct metrics *m, struct metric *metric)
{
    struct histogram *h = state_of(metric);
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
    clear(h, metric->negative, false);
}

static void flush_values(const struct metrics *m, struct metric *metric)
{
    struct metric_values *v = &metric->values;

    switch (metric->kind) {
    case METRIC_COUNTER:
        v->value = metric->interval;
        v->total = finite(v->total + metric->interval);
        metric->interval = 0;
        metric->monotonic = !metric->decreased;
        break;
    case METRIC_GAUGE: v->value = metric->interval; break;
    case METRIC_SET:
        v->value = (double)set_count(state_of(metric));
        if (metric->touched)
            memset(state_of(metric), 0, sizeof(struct set));
        break;
    default: flush_histogram(m, metric);
    }
    metric->written = metric->touched || !has_histogram(metric->kind);
}

/* Ends the metric's interval. Returns false if it is to be forgotten. */
static bool flush(const struct metrics *m, struct metric *metric, uint64_t now_ms)
{
    if (metric->replaced || (metric->ended && !metric->touched))
        return false;
    if (metric->ended)
        begin(m, metric); /* it came back */
    else if (metric->flushed)
        metric->fresh = false;
    metric->flushed = true;
    if (metric->touched)
        metric->touched_ms = now_ms;
    flush_values(m, metric);
    metric->ended = m->settings.expiry_ms && now_ms - metric->touched_ms >= m->settings.expiry_ms;
    if (metric->ended)
        metric->interval = 0; /* a gauge's next change begins at 0 */
    metric->touched = false;
    return true;
}

/* Finds the places of all metrics anew. */
static void place_all(struct metrics *m)
{
    memset(m->place, 0, m->places * sizeof *m->place);
    for (uint32_t at = 0; at < m->used; at += at_offset(m, at)->size) {
        uint32_t i = at_offset(m, at)->hash & (m->places - 1);

        while (m->place[i])
            i = (i + 1) & (m->places - 1);
        m->place[i] = at + 1;
    }
}

void metrics_flush(struct metrics *m, uint64_t now_ms, int64_t wall_ms)
{
    uint32_t to = 0, size;

    for (uint32_t at = 0; at < m->used; at += size) {
        struct metric *metric = at_offset(m, at);

        size = metric->size;
        if (!flush(m, metric, now_ms)) {
            m->n--;
            continue;
        }
        if (to < at) {
            metric = memmove(m->block + to, metric, size);
            if (has_histogram(metric->kind))
                place_buckets(m, metric);
        }
        to += size;
    }
    if (to < m->used) {
        m->used = to;
        place_all(m);
    }
    m->read_end = m->used;
    m->before_ms = m->flush_ms;
    m->flush_ms = wall_ms;
}

/* --- reading -------------------------------------------------------------------------------- */

const struct metric *metrics_next(const struct metrics *m, const struct metric *after)
{
    uint32_t at = after ? (uint32_t)((const char *)after - m->block) + after->size : 0;

    return at < m->read_end ? at_offset(m, at) : NULL;
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

void metrics_init(struct metrics *m, const struct metrics_settings *settings, void *memory, uint32_t size)
{
    *m = (struct metrics){.settings = *settings, .block = memory, .flush_ms = -1, .before_ms = -1, .places = 1};
    while (m->places * 2 * PER_PLACE <= size)
        m->places *= 2;
    m->cap = (uint32_t)((size - m->places * sizeof *m->place) & ~(size_t)7);
    m->place = (uint32_t *)(m->block + m->cap);
    m->reserve = m->cap - m->cap / OVERFLOW_SHARE;
}
