#include "encode/relayed.h"

#include <string.h>

#include "base/utf8.h"
#include "encode/source.h"

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

/* Merges the metric's own tags, which win, with ours. */
static void merge(struct merged *all, const struct metric *metric, const struct tags *ours, bool utf8)
{
    const char *key = NULL, *value;

    while ((key = metric_next_tag(metric, key, &value))) {
        struct tag tag = {key, value};

        if (utf8) {
            tag.key = clean(all, key);
            tag.value = value ? clean(all, value) : NULL;
        }
        add(all, &tag);
    }
    for (size_t i = 0; i < ours->n; i++)
        add(all, &ours->tag[i]);
}

static void put(const struct metric *metric, const struct tags *ours, struct relayed *r, const struct encoder *format,
                struct sink *sink)
{
    struct merged all;

    all.n = all.len = 0;
    merge(&all, metric, ours, format->utf8);
    r->metric = metric;
    r->name = format->utf8 ? clean(&all, metric_name(metric)) : metric_name(metric);
    r->tags = (struct tags){all.tag, all.n};
    format->metric(sink, r);
}

void relayed_encode(const struct metrics *m, const struct tags *ours, int64_t time_ms, const struct encoder *format,
                    struct sink *sink)
{
    const struct metric *metric = NULL;
    struct relayed r = {.time_ms = time_ms, .before_ms = -1};

    if (!format->metric)
        return;
    /* A millisecond later, because a series that came back has its end's mark at the time of that flush: two samples of
     * one time are refused. The clock may have been set back since. */
    if (m->before_ms >= 0 && m->before_ms + 1 < time_ms)
        r.before_ms = m->before_ms + 1;
    while ((metric = metrics_next(m, metric))) {
        if (metric->ended ? !format->marks_ends : !metric->written)
            continue;
        put(metric, ours, &r, format, sink);
        if (sink->flush && sink->out->len >= FLUSH_BYTES)
            sink->flush(sink);
    }
}

static void put_metrics(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (s->metrics)
        relayed_encode(s->metrics, &s->tags->users, s->time_ms, format, sink);
}

/* Estimates: a metric's records are shorter than twice its memory, but for many tags of ours. */
static uint64_t measure_metrics(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    (void)sink;
    return s->metrics && format->metric ? 2 * (uint64_t)s->metrics->cap : 0;
}

const struct source source_application = {put_metrics, measure_metrics};
