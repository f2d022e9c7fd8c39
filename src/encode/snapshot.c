#include "encode/snapshot.h"

#include <string.h>

static const char field_name[FIELD_COUNT][16] = {
    [STATE_ESTABLISHED] = "tcp_established",
    [STATE_SYN_SENT] = "tcp_syn_sent",
    [STATE_SYN_RECV] = "tcp_syn_recv",
    [STATE_FIN_WAIT1] = "tcp_fin_wait1",
    [STATE_FIN_WAIT2] = "tcp_fin_wait2",
    [STATE_TIME_WAIT] = "tcp_time_wait",
    [STATE_CLOSE] = "tcp_close",
    [STATE_CLOSE_WAIT] = "tcp_close_wait",
    [STATE_LAST_ACK] = "tcp_last_ack",
    [STATE_LISTEN] = "tcp_listen",
    [STATE_CLOSING] = "tcp_closing",
    [STATE_UNKNOWN] = "tcp_none",
    [FIELD_UDP] = "udp_socket",
};

static const char addr_port_longest[] = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";

/* --- tags -------------------------------------------------------------------- */

/* key, other_key (or NULL): built in; their values are set before each point. */
static void tagset_init(struct tagset *set, const char *key, const char *other_key, const struct tags *group,
                        const struct tags *users, size_t n, struct arena *a)
{
    struct tag own[] = {{.key = key}, {.key = other_key}};
    struct tags list[2 + TAG_LISTS_MAX] = {{own, 1 + (other_key != NULL)}, *group};

    for (size_t i = 0; i < n && i < TAG_LISTS_MAX; i++)
        list[2 + i] = users[i];
    set->tags = tags_merge(list, 2 + TAG_LISTS_MAX, a);
    set->ip_version = tags_find(&set->tags, "ip_version");
    set->addr_port = tags_find(&set->tags, "addr_port");
    set->backend = tags_find(&set->tags, "backend");
    set->output = tags_find(&set->tags, "output");
}

void series_tags_init(struct series_tags *st, const struct tags *users, size_t n, const struct rules *rules,
                      struct arena *a)
{
    const struct tags none = {0};

    tagset_init(&st->netstat, "ip_version", NULL, &none, users, n, a);
    tagset_init(&st->own, "backend", NULL, &none, users, n, a);
    tagset_init(&st->own_output, "output", NULL, &none, users, n, a);
    tagset_init(&st->other, "addr_port", "ip_version", &none, users, n, a);
    st->group = arena_zero(a, (size_t)rules->n_groups + 1, sizeof *st->group);
    for (int i = 0; i < rules->n_groups; i++)
        tagset_init(&st->group[i], "addr_port", "ip_version", &rules->group_tags[i], users, n, a);
}

/* --- points ------------------------------------------------------------------- */

static struct series_tags *tags_for(const struct snapshot *s, const struct encoder *format)
{
    return format->for_agent ? s->agent_tags : s->tags;
}

static void put(const struct snapshot *s, const struct encoder *format, struct sink *sink,
                const char *measurement, const struct tagset *set, const struct field *field, size_t n)
{
    const struct point point = {
        .prefix = s->prefix,
        .sections = s->sections,
        .measurement = measurement,
        .tags = set->tags,
        .field = field,
        .n_fields = n,
        .time_ms = s->time_ms,
    };

    if (n)
        format->point(sink, &point);
}

/* The counts of the protocols that were read. */
static size_t count_fields(const struct snapshot *s, const struct series *series, struct field *out)
{
    size_t n = 0;

    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (s->reading->read[i == FIELD_UDP ? PROTOCOL_UDP : PROTOCOL_TCP])
            out[n++] = (struct field){.name = field_name[i], .value = series->count[i]};
    return n;
}

static void put_total(const struct snapshot *s, const struct encoder *format, struct sink *sink,
                      const struct series *total)
{
    struct tagset *set = &tags_for(s, format)->netstat;
    struct field field[FIELD_COUNT];

    set->ip_version->value = total->ip_version == 4 ? "4" : "6";
    put(s, format, sink, "netstat", set, field, count_fields(s, total, field));
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
    struct tagset *set = tagset_of(s, format, series);
    struct field field[FIELD_COUNT + 1];
    size_t n = count_fields(s, series, field);

    set->ip_version->value = series->ip_version == 4 ? "4" : "6";
    set->addr_port->value = addr_port;
    if (s->pids && s->reading->read[PROTOCOL_TCP] &&
        (series->owner.pid || (series->owner.lost && format->zero_when_lost)))
        field[n++] = (struct field){.name = "pid", .value = (uint64_t)series->owner.pid};
    put(s, format, sink, "netstat_port", set, field, n);
}

static void put_output(const struct snapshot *s, const struct encoder *format, struct sink *sink, int n)
{
    const struct output_counters *o = &s->output[n];
    static const char name[OUTPUT_COUNTERS][14] = {
        [SENT_LINES] = "sent_lines",
        [SEND_ERRORS] = "send_errors",
        [DROPPED_LINES] = "dropped_lines",
        [RECONNECTS] = "reconnects",
    };
    struct tagset *set = &tags_for(s, format)->own_output;
    struct field field[OUTPUT_COUNTERS];

    for (int i = 0; i < OUTPUT_COUNTERS; i++)
        field[i] = (struct field){name[i], o->total.n[i], s->added.n[ADDED_OUTPUTS + n * OUTPUT_COUNTERS + i], true};
    set->output->value = o->name;
    put(s, format, sink, "sockpush_output", set, field, OUTPUT_COUNTERS);
}

/* Of a poll that read nothing there is nothing to say but that. */
static void put_own(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    const struct own_counters *own = &s->own;
    struct tagset *set = &tags_for(s, format)->own;
    const struct field field[] = {
        {"poll_us", own->poll_us, 0, false},
        {"sockets", s->reading->report.sockets, 0, false},
        {"partial_polls", own->partial_polls, s->added.n[ADDED_PARTIAL_POLLS], true},
        {"poll_errors", own->poll_errors, s->added.n[ADDED_POLL_ERRORS], true},
    };
    size_t skipped = s->reading->read[PROTOCOL_TCP] || s->reading->read[PROTOCOL_UDP] ? 0 : 2;

    set->backend->value = s->reading->name;
    put(s, format, sink, "sockpush", set, field + skipped, sizeof field / sizeof *field - skipped);
    for (int i = 0; i < s->n_outputs; i++)
        put_output(s, format, sink, i);
}

/* An IPv6 series of a kernel without IPv6 could hold nothing but zeros. */
static bool pushed(const struct snapshot *s, const struct series *series)
{
    const struct rules *rules = s->tally->rules;

    return series->ip_version == 4 || s->reading->report.ipv6 || series->discovered ||
           (series->rule != RULE_NONE && rules->rule[series->rule].kind == RULE_ADDRESS);
}

void snapshot_encode(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (format->begin)
        format->begin(sink);
    for (int i = 0; i < 2; i++)
        if (pushed(s, &s->tally->total[i]))
            put_total(s, format, sink, &s->tally->total[i]);
    for (uint32_t i = 0; i < tally_count(s->tally); i++) {
        const struct series *series = tally_series(s->tally, i);

        if (pushed(s, series))
            put_series(s, format, sink, series, series_addr_port(s->tally, series));
    }
    if (s->self)
        put_own(s, format, sink);
}

/* --- the largest ---------------------------------------------------------------- */

/* A series with the largest numbers of that rule, RULE_NONE for "other"; its bytes. */
static size_t measure_series(const struct snapshot *s, const struct encoder *format, struct sink *sink, int rule)
{
    struct series worst = {.rule = rule, .ip_version = 6, .owner = {.pid = 0x7fffffff}};
    const struct rule *r = rule == RULE_NONE ? NULL : &s->tally->rules->rule[rule];
    size_t before = sink->out->len;

    memset(worst.count, 0xff, sizeof worst.count);
    put_series(s, format, sink, &worst, !r ? "other" : rule_discovers(r) ? addr_port_longest : r->text);
    return sink->out->len - before;
}

/* With the largest numbers; of rules that discover, the series with the longest lines as
 * often as there can be such series. */
uint64_t snapshot_max(const struct snapshot *s, const struct encoder *format, size_t line_max,
                      uint64_t *oversized)
{
    char name[READER_NAME_MAX] = "";
    struct reading reading = {.report = {.sockets = UINT64_MAX, .ipv6 = true}, .read = {true, true},
                              .name = name};
    struct snapshot largest = *s;
    struct buf measure = {.cap = SIZE_MAX};
    struct sink sink = {.out = &measure, .line_max = line_max, .keeps_oversized = true};
    struct series worst = {.ip_version = 6};
    size_t most = 0;

    memset(name, 'x', sizeof name - 1);
    memset(worst.count, 0xff, sizeof worst.count);
    largest.reading = &reading;
    largest.time_ms = INT64_MAX / 1000000;
    largest.pids = true;
    memset(&largest.own, 0xff, sizeof largest.own);
    memset(&largest.added, 0xff, sizeof largest.added);
    for (int i = 0; i < largest.n_outputs; i++)
        memset(&largest.output[i].total, 0xff, sizeof largest.output[i].total);
    if (format->begin)
        format->begin(&sink);
    for (int i = 0; i < 2; i++)
        put_total(&largest, format, &sink, &worst);
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
    put_own(&largest, format, &sink);
    *oversized = sink.oversized;
    return measure.len + (uint64_t)s->tally->max_discovered * most;
}
