/* The application's metrics, as the last flush left them. */
#include <string.h>

#include "encode/relayed.h"
#include "encode/source.h"
#include "input/metric_key.h"
#include "input/metric_layout.h"

#define TEXT_MAX (sizeof((struct metric_key *)NULL)->text)

static void put_metrics(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (!s->metrics || !format->metric)
        return;
    if (format->end)
        format->end(sink); /* our own points are in a part before */
    relayed_encode(s->metrics, &s->tags->users, s->time_ms, format, sink);
}

/* Texts that records have, in bytes without escapes: a tag's two have a byte after each. */
struct texts {
    size_t len, tags;
};

static struct texts texts_of(const struct tags *tags)
{
    struct texts all = {.tags = tags->n};

    for (size_t i = 0; i < tags->n; i++)
        all.len += strlen(tags->tag[i].key) + strlen(tag_text(&tags->tag[i])) + 2;
    return all;
}

/* Returns the most bytes of a metric that has so many bytes of text. */
static uint64_t metric_max(size_t text, const struct texts *ours, enum metric_kind kind, bool negative,
                           const struct metric_bounds *max, size_t line_max)
{
    size_t tags = ours->tags + (text / 3 < METRIC_TAGS_MAX ? text / 3 : METRIC_TAGS_MAX);
    size_t len = max->record + max->byte * (ours->len + text) + max->tag * tags;
    bool joined = len + max->values <= line_max;

    if (len > line_max)
        len = line_max + 1; /* longer ones are left out */
    if (!kind_is_timed(kind))
        return max->number * len;
    return (joined ? max->joined : max->timing) * len + max->values * (1u + negative);
}

/* Fills the table with the metrics that have the most bytes for their memory. Returns the bytes. */
static uint64_t measure_metrics(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    const struct metrics *m = s->metrics;
    uint64_t most = 0;
    struct texts ours;

    if (!m || !format->metric)
        return 0;
    ours = texts_of(&s->tags->users);
    for (size_t text = 1; text <= TEXT_MAX; text++)
        for (unsigned kind = 0; kind < 2 * METRIC_TYPES; kind++) {
            bool negative = kind >= METRIC_TYPES;
            enum metric_kind k = kind % METRIC_TYPES;
            uint64_t max = metric_max(text, &ours, k, negative, &format->bounds, sink->line_max);

            max = max * m->cap / metric_size(m, text, k, negative) + 1;
            most = max > most ? max : most;
        }
    return most;
}

const struct source source_application = {put_metrics, measure_metrics, .of_pods = false};
