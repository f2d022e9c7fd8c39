/* The application's metrics, as the last flush left them. */
#include "encode/relayed.h"
#include "encode/source.h"

static void put_metrics(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (!s->metrics || !format->metric)
        return;
    if (format->end)
        format->end(sink); /* our own points are in a part before */
    relayed_encode(s->metrics, &s->tags->users, s->time_ms, format, sink);
}

/* Estimates: a metric's records are shorter than twice its memory, but for many tags of ours. */
static uint64_t measure_metrics(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    (void)sink;
    return s->metrics && format->metric ? 2 * (uint64_t)s->metrics->cap : 0;
}

const struct source source_application = {put_metrics, measure_metrics};
