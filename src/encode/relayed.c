#include "encode/relayed.h"

#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "encode/prometheus.h"

/* The kinds of metric_is_timed. */
#define TIMED (1u << METRIC_TIMING | 1u << METRIC_HISTOGRAM | 1u << METRIC_DISTRIBUTION)

#define PER_CLAIM 64 /* bytes of memory for a place; a metric has more for each of its series */

const char *const relayed_kind[METRIC_TYPES] = {"counter", "gauge", "timing", "histogram", "distribution", "set"};

/* The tags and texts of one metric. */
struct merged {
    struct tag tag[RELAYED_TAGS_MAX];
    size_t n;
    char text[METRIC_TEXT_MAX + 3 * METRIC_TAGS_MAX]; /* copies of texts that were not UTF-8 */
    size_t len;
};

/* Returns the text, or a copy that is UTF-8. */
static const char *clean(struct merged *all, const char *text)
{
    char *copy = all->text + all->len;
    size_t len = 0;

    while (text[len] && (unsigned char)text[len] < 0x80)
        len++;
    if (!text[len])
        return text;
    len += strlen(text + len) + 1;
    if (len > sizeof all->text - all->len || !utf8_clean(memcpy(copy, text, len)))
        return text;
    all->len += len;
    return copy;
}

/* Inserts a tag by its key, unless there is one with a key that is alike. */
static void add(struct merged *all, const struct tag *tag)
{
    size_t at = all->n;

    for (size_t i = 0; i < all->n; i++)
        if (tags_alike(all->tag[i].key, tag->key))
            return;
    if (all->n == RELAYED_TAGS_MAX)
        return;
    while (at && strcmp(tag->key, all->tag[at - 1].key) < 0)
        at--;
    memmove(all->tag + at + 1, all->tag + at, (all->n - at) * sizeof *all->tag);
    all->tag[at] = *tag;
    all->n++;
}

/* Merges the tag of the type, the metric's own tags and ours; the first of those with one key wins. */
static void merge(struct merged *all, const struct metric *metric, const struct tags *ours,
                  const struct encoder *format)
{
    const char *key = NULL, *value;

    if (format->typed)
        add(all, &(struct tag){"metric_type", relayed_kind[metric->kind]});

    while ((key = metric_next_tag(metric, key, &value))) {
        struct tag tag = {key, value};

        if (format->utf8) {
            tag.key = clean(all, key);
            tag.value = value ? clean(all, value) : NULL;
        }
        add(all, &tag);
    }
    for (size_t i = 0; i < ours->n; i++)
        add(all, &ours->tag[i]);
}

uint32_t claims_size(uint32_t bytes)
{
    uint32_t places = 1;

    while (places <= bytes / PER_CLAIM)
        places *= 2;
    return places;
}

static void claims_begin(struct claims *c, const struct metrics *m, const struct encoder *format)
{
    c->metrics = m;
    if (!c->left_out)
        c->format = format;
    c->mask = claims_size(m->read_end) - 1;
    c->pass++;
}

bool relayed_leave_out(struct sink *s, const struct relayed *r, const struct metric *owner)
{
    if (r->silent || r->zero)
        return false;
    s->oversized++;
    if (!s->claims->left_out) {
        s->claims->left_out = r->metric;
        s->claims->owner = owner;
    }
    return false;
}

/* Returns false if another metric has the series. */
static bool claim(struct sink *s, const struct relayed *r, size_t at)
{
    struct claims *c = s->claims;
    const char *block = c->metrics->block;
    uint64_t hash = hash_bytes(s->out->data + at, s->out->len - at, c->metrics->settings.key);
    uint32_t i = (uint32_t)hash & c->mask;

    for (; c->claim[i].pass == c->pass; i = (i + 1) & c->mask)
        if (c->claim[i].hash == hash)
            return relayed_leave_out(s, r, (const struct metric *)(block + c->claim[i].metric));
    c->claim[i] = (struct claim){hash, c->pass, (uint32_t)((const char *)r->metric - block)};
    return true;
}

bool relayed_claim(struct sink *s, const struct relayed *r, size_t at)
{
    return (!s->claims || claim(s, r, at)) && !r->silent;
}

/* Returns true for a name that begins as those of our own series do, or would in Prometheus. */
static bool is_ours(const struct claims *claims, const char *name)
{
    return label_begins(name, claims->ours[0]) || label_begins(name, claims->ours[1]);
}

static void put(const struct metric *metric, const struct tags *ours, struct relayed *r, const struct encoder *format,
                struct sink *sink)
{
    struct merged all;

    r->metric = metric;
    if (format->post && sink->claims && is_ours(sink->claims, metric_name(metric))) {
        relayed_leave_out(sink, r, NULL);
        return;
    }
    all.n = all.len = 0;
    merge(&all, metric, ours, format);
    r->name = format->utf8 ? clean(&all, metric_name(metric)) : metric_name(metric);
    r->tags = (struct tags){all.tag, all.n};
    format->metric(sink, r);
}

/* Returns true if the metric is to be written now. */
static bool is_wanted(const struct metric *metric, bool zero, const struct encoder *format)
{
    if (zero)
        return metric->fresh && !metric->ended && (metric->kind == METRIC_COUNTER || metric_is_timed(metric));
    return metric->ended ? format->marks_ends : metric->written;
}

/* Writes the metrics whose kinds are in the set. */
static void put_kinds(const struct metrics *m, const struct tags *ours, struct relayed *r, unsigned kinds,
                      const struct encoder *format, struct sink *sink)
{
    const struct metric *metric = NULL;

    while ((metric = metrics_next(m, metric))) {
        r->silent = !is_wanted(metric, r->zero, format);
        if (!(kinds >> metric->kind & 1) || (r->silent && !format->claims))
            continue;
        put(metric, ours, r, format, sink);
        sink_flush_if_full(sink);
    }
}

/* Writes the metrics, in two parts where requests have parts. */
static void put_all(const struct metrics *m, const struct tags *ours, struct relayed *r, const struct encoder *format,
                    struct sink *sink)
{
    if (sink->claims)
        claims_begin(sink->claims, m, format);
    if (!format->post) {
        put_kinds(m, ours, r, ~0u, format, sink);
        return;
    }
    sink_next_part(sink);
    put_kinds(m, ours, r, ~TIMED, format, sink);
    sink_next_part(sink);
    put_kinds(m, ours, r, TIMED, format, sink);
}

void relayed_encode(const struct metrics *m, const struct tags *ours, int64_t time_ms, const struct encoder *format,
                    struct sink *sink)
{
    struct relayed r = {.time_ms = time_ms}, zero = {.time_ms = m->before_ms + 1, .zero = true};

    if (!format->metric)
        return;
    /* A millisecond later, because a series that came back has its end's mark at the time of that flush: two samples of
     * one time are refused. The clock may have been set back since. */
    if (format->post && m->before_ms >= 0 && zero.time_ms < time_ms)
        put_all(m, ours, &zero, format, sink);
    put_all(m, ours, &r, format, sink);
}
