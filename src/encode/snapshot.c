#include "encode/snapshot.h"

#include <string.h>

#include "encode/source.h"

/* Sources of increments are neighbours, so that few chunks of a snapshot are cut short. */
static const struct source *const sources[] = {&source_counts, &source_pod_ports, &source_kernel,     &source_drops,
                                               &source_pods,   &source_self,      &source_application};

#define SOURCES (sizeof sources / sizeof *sources)

/* --- tags -------------------------------------------------------------------- */

/* Merges the tags; the values of the built-in ones are set before each point. */
static void tagset_init(struct tagset *set, const struct measurement *m, const struct tags *group,
                        const struct tags *users, size_t n, struct arena *a)
{
    struct tag builtin[MEASUREMENT_TAGS] = {{.key = NULL}};
    struct tags list[2 + TAG_LISTS_MAX] = {{builtin, 0}, *group};

    for (; list->n < MEASUREMENT_TAGS && m->tag[list->n]; list->n++)
        builtin[list->n].key = m->tag[list->n];
    for (size_t i = 0; i < n && i < TAG_LISTS_MAX; i++)
        list[2 + i] = users[i];
    *set = (struct tagset){.tags = tags_merge(list, 2 + TAG_LISTS_MAX, a)};
    for (size_t i = 0; i < list->n; i++)
        set->tag[i] = tags_find(&set->tags, builtin[i].key);
    set->ip_version = tags_find(&set->tags, "ip_version");
    if (list->n > POD_TAGS)
        set->known = arena_zero(a, set->tags.n, sizeof *set->known);
}

static struct tagset *groups_init(const struct measurement *m, const struct rules *rules, const struct tags *users,
                                  size_t n, struct arena *a)
{
    struct tagset *group = arena_zero(a, (size_t)rules->n_groups + 1, sizeof *group);

    for (int i = 0; i < rules->n_groups; i++)
        tagset_init(&group[i], m, &rules->group_tags[i], users, n, a);
    return group;
}

void series_tags_init(struct series_tags *st, const struct tags *users, size_t n, const struct rules *rules,
                      struct arena *a)
{
    const struct tags none = {0};

    tagset_init(&st->netstat, &measurements[NETSTAT], &none, users, n, a);
    tagset_init(&st->self, &measurements[SOCKPUSH], &none, users, n, a);
    tagset_init(&st->self_output, &measurements[SOCKPUSH_OUTPUT], &none, users, n, a);
    tagset_init(&st->self_listen, &measurements[SOCKPUSH_LISTEN], &none, users, n, a);
    st->users = tags_merge(users, n, a);
    tagset_init(&st->pod, &measurements[NETSTAT_POD], &none, users, n, a);
    tagset_init(&st->other, &measurements[NETSTAT_PORT], &none, users, n, a);
    st->group = groups_init(&measurements[NETSTAT_PORT], rules, users, n, a);
    st->group_remote = rules->remote_ports ? groups_init(&measurements[NETSTAT_REMOTE], rules, users, n, a) : NULL;
}

void series_tags_init_pods(struct series_tags *st, const struct tags *users, size_t n, const struct rules *rules,
                           struct arena *a)
{
    const struct tags none = {0};

    tagset_init(&st->pod_other, &measurements[NETSTAT_POD_PORT], &none, users, n, a);
    st->pod_group = groups_init(&measurements[NETSTAT_POD_PORT], rules, users, n, a);
    st->pod_group_remote = groups_init(&measurements[NETSTAT_POD_REMOTE], rules, users, n, a);
}

/* --- points ------------------------------------------------------------------- */

struct series_tags *tags_for(const struct snapshot *s, const struct encoder *format)
{
    return format->for_agent ? s->agent_tags : s->tags;
}

static bool known(const struct snapshot *s, const struct field *f)
{
    return !f->from || (f->from & FROM_TCP && s->reading->read[PROTOCOL_TCP]) ||
           (f->from & FROM_UDP && s->reading->read[PROTOCOL_UDP]);
}

void values_add(struct values *v, const struct snapshot *s, unsigned field, uint64_t now, unsigned increment)
{
    if (known(s, &fields[field]))
        v->list[v->n++] = (struct value){.field = &fields[field],
                                         .now = now,
                                         .added = added_n(&s->added, increment),
                                         .increment = added_id(&s->added, increment)};
}

void values_put(const struct values *v, const struct snapshot *s, const struct encoder *format, struct sink *sink,
                unsigned measurement, const struct tagset *set)
{
    const struct point point = {
        .prefix = s->prefix,
        .sections = s->sections,
        .semconv = s->semconv && measurement == NETSTAT,
        .measurement = &measurements[measurement],
        .tags = set->tags,
        .value = v->list,
        .n_values = v->n,
        .time_ms = s->time_ms,
        .start_ms = s->start_ms,
    };

    if (v->n)
        format->point(sink, &point);
    sink_flush_if_full(sink);
}

/* --- all of them --------------------------------------------------------------- */

static void put_all(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (s->pods || !sources[i]->of_pods)
            sources[i]->put(s, format, sink);
    if (format->end)
        format->end(sink);
}

void snapshot_encode(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (format->begin) {
        put_all(s, format, sink);
        format->begin(sink);
    }
    put_all(s, format, sink);
}

uint64_t snapshot_max(const struct snapshot *s, const struct encoder *format, size_t line_max, uint64_t *oversized)
{
    char name[READER_NAME_MAX] = "";
    struct reading reading = {
        .report = {.sockets = UINT64_MAX, .ipv6 = true, .queue_limits = true, .cookies = true, .queues = {true, true}},
        .read = {true, true},
        .name = name};
    struct kernel_reading kernel;
    struct pods pods;
    struct snapshot largest = *s;
    struct buf measure = {.cap = SIZE_MAX};
    struct sink sink = {.out = &measure, .line_max = line_max, .state = s->state, .keeps_oversized = true};
    uint64_t more = 0;

    memset(name, 'x', sizeof name - 1);
    largest.reading = &reading;
    largest.time_ms = INT64_MAX / 1000000;
    largest.pids = largest.push_self = true;
    largest.queue_totals = largest.drops = s->queues;
    memset(&largest.self, 0xff, sizeof largest.self);
    memset(&kernel, 0xff, sizeof kernel);
    if (s->kernel)
        largest.kernel = &kernel;
    if (s->pods) {
        pods = *s->pods;
        pods.unseen = UINT32_MAX;
        largest.pods = &pods;
    }
    largest.added.n = NULL;
    for (int i = 0; i < largest.n_listen; i++)
        memset(largest.listen[i].n, 0xff, sizeof largest.listen[i].n);
    for (int i = 0; i < largest.n_outputs; i++)
        memset(&largest.output[i].total, 0xff, sizeof largest.output[i].total);
    memset(sink.width, TABLE_WIDTH_MAX, sizeof sink.width);
    if (format->begin)
        format->begin(&sink);
    for (size_t i = 0; i < SOURCES; i++)
        if (s->pods || !sources[i]->of_pods)
            more += sources[i]->measure(&largest, format, &sink);
    if (format->end)
        format->end(&sink);
    *oversized = sink.oversized;
    return measure.len + more;
}
