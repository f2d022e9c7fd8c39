/* The pods: for each, a point of each IP version; then for each, one of what is of both. So otlp's metrics have points
 * of many pods, and no gauges lie between the increments. */
#include <string.h>

#include "base/format.h"
#include "encode/source_pods.h"

/* The point that is made. */
struct pod_point {
    const struct snapshot *snapshot;
    const struct encoder *format;
    const struct pod_series *series;
    const char *sections;
    struct values values;
};

static void add(struct pod_point *p, unsigned field, uint64_t now, unsigned increment)
{
    values_add(&p->values, p->snapshot, field, now, increment);
    p->values.list[p->values.n - 1].ended = p->series->ending;
}

struct tags pod_tags(struct tagset *set, const struct pod_series *series)
{
    struct tags tags = {.tag = set->known};

    for (unsigned i = 0; i < POD_TAGS; i++)
        set->tag[i]->value = series ? pod_text(&series->text, i) : "";
    for (size_t i = 0; i < set->tags.n; i++) {
        const struct tag *tag = &set->tags.tag[i];

        if (!tag->value || *tag->value)
            tags.tag[tags.n++] = *tag;
    }
    return tags;
}

static void put(struct pod_point *p, struct sink *sink, const char *ip_version)
{
    const struct snapshot *s = p->snapshot;
    struct tagset *pod = &tags_for(s, p->format)->pod;
    struct point point = {
        .prefix = s->prefix,
        .sections = p->sections,
        .measurement = &measurements[NETSTAT_POD],
        .value = p->values.list,
        .n_values = p->values.n,
        .time_ms = s->time_ms,
        .start_ms = p->series->start_ms,
    };

    pod->ip_version->value = ip_version;
    point.tags = pod_tags(pod, p->series);
    p->format->point(sink, &point);
    sink_flush_if_full(sink);
    p->values.n = 0;
}

static void put_family(struct pod_point *p, struct sink *sink, unsigned i)
{
    const struct pod_family *family = &p->series->family[i];
    bool full = p->snapshot->pods->want.full;

    add(p, FIELD_POD_INUSE, family->tcp_inuse, ADDED_NONE);
    if (p->series->listeners)
        add(p, FIELD_POD_QUEUE, family->accept_queue, ADDED_NONE);
    for (unsigned k = 0; k < FIELD_COUNT; k++)
        if (full || k == FIELD_UDP || (k == STATE_LISTEN && p->series->listeners))
            add(p, FIELD_POD_COUNT + k, family->count[k], ADDED_NONE);
    put(p, sink, i ? "6" : "4");
}

static void put_both(struct pod_point *p, struct sink *sink, uint32_t index)
{
    const struct pod_series *series = p->series;

    if (!p->snapshot->pods->want.full && !series->unread)
        add(p, FIELD_POD_TIME_WAIT, series->time_wait, ADDED_NONE);
    if (!series->unread)
        add(p, FIELD_POD_CURRENT, series->current, ADDED_NONE);
    for (unsigned i = 0; i < POD_INCREASES; i++)
        add(p, FIELD_POD_INCREASE + i, series->total[i], ADDED_PODS(index) + i);
    put(p, sink, "");
}

const char *pod_sections(const struct snapshot *s, const struct pod_series *series, char out[POD_SECTIONS_MAX])
{
    const char *cardinality = strstr(s->sections, "|card:");
    struct buf b = {.data = out, .cap = POD_SECTIONS_MAX - 1};

    if (series && *series->origin)
        buf_format(&b, "|c:ci-%s", series->origin);
    if (cardinality)
        buf_text(&b, cardinality);
    out[b.len] = '\0';
    return out;
}

/* Puts the points of one IP version, or that of both. */
static void put_series(const struct snapshot *s, const struct encoder *format, struct sink *sink,
                       const struct pod_series *series, uint32_t index, bool both)
{
    char sections[POD_SECTIONS_MAX];
    struct pod_point p = {
        .snapshot = s, .format = format, .series = series, .sections = pod_sections(s, series, sections)};

    if (!series->live || (series->ending && !format->marks_ends))
        return;
    if (both)
        put_both(&p, sink, index);
    for (unsigned i = 0; !both && !series->unread && i <= series->ipv6; i++)
        put_family(&p, sink, i);
}

static void put_pods(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (s->only_metrics)
        return;
    for (unsigned both = 0; both < 2; both++)
        for (uint32_t i = 0; i < s->pods->n_series; i++)
            put_series(s, format, sink, &s->pods->series[i], i, both);
}

void pod_largest(const struct pods_want *want, struct pod_series *series)
{
    static const uint8_t room[POD_NETNS] = {[POD_NAMESPACE] = POD_NAMESPACE_MAX - 1,
                                            [POD_NAME] = POD_NAME_MAX - 1,
                                            [POD_UID] = POD_UID_MAX - 1,
                                            [POD_CONTAINER] = POD_CONTAINER_MAX - 1};

    memset(series, 0xff, sizeof *series);
    series->live = series->ipv6 = series->listeners = true;
    series->ending = series->unread = false;
    memset(&series->text, 0, sizeof series->text);
    for (unsigned i = 0; i < POD_NETNS; i++)
        if (want->tags >> i & 1 || i == POD_CONTAINER) /* influx escapes "=" */
            memset((char *)pod_text(&series->text, i), i == POD_CONTAINER ? '=' : 'x', room[i]);
    memset(series->origin, 'x', sizeof series->origin - 1);
    series->origin[sizeof series->origin - 1] = '\0';
}

/* Measures one series with the longest texts, and counts it as often as there can be series. */
static uint64_t measure_pods(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    struct pod_series worst;
    size_t before, bytes;

    if (format->end)
        format->end(sink); /* else the points before would count as bytes of each series */
    before = sink->out->len;
    pod_largest(&s->pods->want, &worst);
    worst.start_ms = s->time_ms;
    for (unsigned both = 0; both < 2; both++)
        put_series(s, format, sink, &worst, 0, both);
    if (format->end)
        format->end(sink);
    bytes = sink->out->len - before;
    sink->out->len = before;
    return (uint64_t)bytes * s->pods->want.max;
}

const struct source source_pods = {put_pods, measure_pods, .of_pods = true};
