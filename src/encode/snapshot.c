#include "encode/snapshot.h"

#include <string.h>

#include "encode/relayed.h"

static const char addr_port_longest[] = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";

/* --- tags -------------------------------------------------------------------- */

/* Merges the tags; the values of the built-in ones are set before each point. */
static void tagset_init(struct tagset *set, const struct measurement *m, const struct tags *group,
                        const struct tags *users, size_t n, struct arena *a)
{
    struct tag builtin[] = {{.key = m->tag[0]}, {.key = m->tag[1]}};
    struct tags list[2 + TAG_LISTS_MAX] = {{builtin, 1 + (m->tag[1] != NULL)}, *group};

    for (size_t i = 0; i < n && i < TAG_LISTS_MAX; i++)
        list[2 + i] = users[i];
    set->tags = tags_merge(list, 2 + TAG_LISTS_MAX, a);
    set->ip_version = tags_find(&set->tags, "ip_version");
    set->addr_port = tags_find(&set->tags, "addr_port");
    set->backend = tags_find(&set->tags, "backend");
    set->output = tags_find(&set->tags, "output");
    set->listen = tags_find(&set->tags, "listen");
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
    tagset_init(&st->other, &measurements[NETSTAT_PORT], &none, users, n, a);
    st->group = arena_zero(a, (size_t)rules->n_groups + 1, sizeof *st->group);
    for (int i = 0; i < rules->n_groups; i++)
        tagset_init(&st->group[i], &measurements[NETSTAT_PORT], &rules->group_tags[i], users, n, a);
}

/* --- points ------------------------------------------------------------------- */

static struct series_tags *tags_for(const struct snapshot *s, const struct encoder *format)
{
    return format->for_agent ? s->agent_tags : s->tags;
}

/* The values of one point. */
struct values {
    struct value list[FIELD_COLUMNS];
    size_t n;
};

static bool known(const struct snapshot *s, const struct field *f)
{
    return !f->from || (f->from & FROM_TCP && s->reading->read[PROTOCOL_TCP]) ||
           (f->from & FROM_UDP && s->reading->read[PROTOCOL_UDP]);
}

/* increment: index in struct added, or ADDED_NONE. */
static void add(struct values *v, const struct snapshot *s, unsigned field, uint64_t now, unsigned increment)
{
    if (known(s, &fields[field]))
        v->list[v->n++] = (struct value){
            .field = &fields[field], .now = now, .added = s->added.n[increment], .increment = (uint8_t)increment};
}

static void put(const struct snapshot *s, const struct encoder *format, struct sink *sink, unsigned measurement,
                const struct tagset *set, const struct values *v)
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
}

static void put_total(const struct snapshot *s, const struct encoder *format, struct sink *sink, bool ipv6,
                      const struct total *total)
{
    struct tagset *set = &tags_for(s, format)->netstat;
    struct values v = {.n = 0};

    set->ip_version->value = ipv6 ? "6" : "4";
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        add(&v, s, i, total->count[i], ADDED_NONE);
    put(s, format, sink, NETSTAT, set, &v);
}

static struct tagset *tagset_of(const struct snapshot *s, const struct encoder *format, const struct series *series)
{
    if (series->rule == RULE_NONE)
        return &tags_for(s, format)->other;
    return &tags_for(s, format)->group[s->tally->rules->rule[series->rule].group];
}

static void put_series(const struct snapshot *s, const struct encoder *format, struct sink *sink,
                       const struct series *series, const char *addr_port)
{
    bool ending = series->discovery && series->discovery->ending, lost = series->owner.lost && !series->owner.pid;
    struct tagset *set = tagset_of(s, format, series);
    struct values v = {.n = 0};

    if (ending && !format->marks_ends)
        return;
    set->ip_version->value = series->ip_version == 4 ? "4" : "6";
    set->addr_port->value = addr_port;
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        add(&v, s, i, series->count[i], ADDED_NONE);
    if (s->pids && (series->owner.pid || (lost && (format->zero_when_lost || format->marks_ends))))
        add(&v, s, FIELD_PID, (uint64_t)series->owner.pid, ADDED_NONE);
    for (size_t i = 0; format->marks_ends && i < v.n; i++)
        v.list[i].ended = ending || (v.list[i].field == &fields[FIELD_PID] && lost);
    put(s, format, sink, NETSTAT_PORT, set, &v);
}

static void put_output(const struct snapshot *s, const struct encoder *format, struct sink *sink, unsigned n)
{
    const struct output_counters *o = &s->output[n];
    struct tagset *set = &tags_for(s, format)->self_output;
    struct values v = {.n = 0};

    for (unsigned i = 0; i < OUTPUT_COUNTERS; i++)
        add(&v, s, FIELD_OUTPUT + i, o->total.n[i], ADDED_OUTPUTS + n * OUTPUT_COUNTERS + i);
    set->output->value = o->name;
    put(s, format, sink, SOCKPUSH_OUTPUT, set, &v);
}

static void put_listen(const struct snapshot *s, const struct encoder *format, struct sink *sink, unsigned n)
{
    const struct listen_counters *l = &s->listen[n];
    struct tagset *set = &tags_for(s, format)->self_listen;
    struct values v = {.n = 0};

    for (unsigned i = 0; i < LISTEN_COUNTERS; i++)
        if (l->known >> i & 1)
            add(&v, s, FIELD_LISTEN + i, l->n[i],
                i < LISTEN_INCREMENTS ? ADDED_LISTEN + n * LISTEN_INCREMENTS + i : ADDED_NONE);
    set->listen->value = l->name;
    put(s, format, sink, SOCKPUSH_LISTEN, set, &v);
}

static void put_self(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    const struct self_counters *self = &s->self;
    struct tagset *set = &tags_for(s, format)->self;
    struct values v = {.n = 0};

    add(&v, s, FIELD_POLL_US, self->poll_us, ADDED_NONE);
    add(&v, s, FIELD_SOCKETS, s->reading->report.sockets, ADDED_NONE);
    add(&v, s, FIELD_PARTIAL_POLLS, self->partial_polls, ADDED_PARTIAL_POLLS);
    add(&v, s, FIELD_POLL_ERRORS, self->poll_errors, ADDED_POLL_ERRORS);
    add(&v, s, FIELD_COUNT_ERRORS, self->count_errors, ADDED_COUNT_ERRORS);
    set->backend->value = s->reading->name;
    put(s, format, sink, SOCKPUSH, set, &v);
    for (int i = 0; i < s->n_outputs; i++)
        put_output(s, format, sink, (unsigned)i);
}

/* Returns false for IPv6 series of RULE_PORTS if the kernel has no IPv6. */
static bool pushed(const struct snapshot *s, const struct series *series)
{
    const struct rules *rules = s->tally->rules;

    return series->ip_version == 4 || s->reading->report.ipv6 || series->discovery ||
           rules->rule[series->rule].kind == RULE_ADDRESS;
}

static void put_counts(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    char text[ADDR_PORT_MAX];

    put_total(s, format, sink, false, &s->tally->total[0]);
    if (s->reading->report.ipv6)
        put_total(s, format, sink, true, &s->tally->total[1]);
    for (uint32_t i = 0; i < tally_count(s->tally); i++) {
        const struct series *series = tally_series(s->tally, i);

        if (pushed(s, series))
            put_series(s, format, sink, series, series_addr_port(s->tally, series, text));
        if (sink->flush && sink->out->len >= FLUSH_BYTES)
            sink->flush(sink);
    }
}

static void put_all(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (!s->only_metrics)
        put_counts(s, format, sink);
    if (s->metrics)
        relayed_encode(s->metrics, &s->tags->users, s->time_ms, format, sink);
    if (s->push_self && !s->only_metrics)
        put_self(s, format, sink);
    for (int i = 0; s->push_self && i < s->n_listen; i++)
        put_listen(s, format, sink, (unsigned)i);
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

/* --- the largest ---------------------------------------------------------------- */

/* Puts a series of the rule, or of "other" for RULE_NONE, with the largest numbers. Returns its bytes. */
static size_t measure_series(const struct snapshot *s, const struct encoder *format, struct sink *sink, int rule)
{
    struct series worst = {.rule = rule, .ip_version = 6, .owner = {.pid = 0x7fffffff}};
    const struct rule *r = rule == RULE_NONE ? NULL : &s->tally->rules->rule[rule];
    size_t before = sink->out->len;

    memset(worst.count, 0xff, sizeof worst.count);
    put_series(s, format, sink, &worst, !r ? "other" : rule_discovers(r) ? addr_port_longest : r->text);
    if (format->end)
        format->end(sink);
    return sink->out->len - before;
}

/* Encodes everything with the largest numbers. The longest discovered series counts as
 * often as there can be such series. */
uint64_t snapshot_max(const struct snapshot *s, const struct encoder *format, size_t line_max, uint64_t *oversized)
{
    char name[READER_NAME_MAX] = "";
    struct reading reading = {.report = {.sockets = UINT64_MAX, .ipv6 = true}, .read = {true, true}, .name = name};
    struct snapshot largest = *s;
    struct buf measure = {.cap = SIZE_MAX};
    struct sink sink = {.out = &measure, .line_max = line_max, .state = s->state, .keeps_oversized = true};
    struct total worst;
    size_t most = 0;

    memset(name, 'x', sizeof name - 1);
    memset(&worst, 0xff, sizeof worst);
    largest.reading = &reading;
    largest.time_ms = INT64_MAX / 1000000;
    largest.pids = true;
    memset(&largest.self, 0xff, sizeof largest.self);
    memset(&largest.added, 0xff, sizeof largest.added);
    for (int i = 0; i < largest.n_listen; i++)
        memset(largest.listen[i].n, 0xff, sizeof largest.listen[i].n);
    for (int i = 0; i < largest.n_outputs; i++)
        memset(&largest.output[i].total, 0xff, sizeof largest.output[i].total);
    memset(sink.width, TABLE_WIDTH_MAX, sizeof sink.width);
    if (format->begin)
        format->begin(&sink);
    for (int i = 0; i < 2; i++)
        put_total(&largest, format, &sink, i, &worst);
    if (format->end)
        format->end(&sink); /* else they would count as bytes of the first series */
    for (int i = 0; i < s->tally->rules->n; i++) {
        uint64_t before = sink.oversized;
        size_t len = measure_series(&largest, format, &sink, i);

        if (!rule_discovers(&s->tally->rules->rule[i])) { /* IPv4's lines are as long as IPv6's */
            measure.len += len;
            sink.oversized += sink.oversized - before;
        } else if (len > most) {
            most = len;
        }
    }
    if (s->tally->max_discovered)
        for (int i = 0; i < 2; i++)
            measure_series(&largest, format, &sink, RULE_NONE);
    put_self(&largest, format, &sink);
    for (int i = 0; i < largest.n_listen; i++)
        put_listen(&largest, format, &sink, (unsigned)i);
    if (format->end)
        format->end(&sink);
    *oversized = sink.oversized;
    return measure.len + (uint64_t)s->tally->max_discovered * most;
}
