/* The counts of sockets: totals of each IP version, then the series of ports, and of remote ports. */
#include <string.h>

#include "encode/source.h"

/* Adds a value that was there until this poll, for the formats whose receivers need to know. */
static void add_lost(struct values *v, const struct snapshot *s, const struct encoder *format, unsigned field)
{
    size_t before = v->n;

    if (format->zero_when_lost || format->marks_ends)
        values_add(v, s, field, 0, ADDED_NONE);
    if (v->n > before)
        v->list[before].ended = format->marks_ends;
}

/* Adds what UDP sockets lost, where it is not a line apart: see source_drops.c. That line is pushed in every poll, or
 * increments that did not reach a receiver would be forgotten; a total can wait until UDP is read. */
static void add_drops(struct values *v, const struct snapshot *s, const struct encoder *format, uint64_t total)
{
    if (s->drops && !format->increments && s->reading->read[PROTOCOL_UDP])
        values_add(v, s, FIELD_DROPS, total, ADDED_NONE);
}

static void put_total(const struct snapshot *s, const struct encoder *format, struct sink *sink, bool ipv6,
                      const struct total *total, uint64_t drops)
{
    struct tagset *set = &tags_for(s, format)->netstat;
    struct values v = {.n = 0};

    set->ip_version->value = ipv6 ? "6" : "4";
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        values_add(&v, s, i, total->count[i], ADDED_NONE);
    if (s->reading->report.queue_limits)
        values_add(&v, s, FIELD_ACCEPT_QUEUE_FULLEST, total->fullest, ADDED_NONE);
    for (unsigned i = 0; i < QUEUE_BYTES && s->queues; i++)
        if (i == UDP_RX_BYTES ? s->reading->report.queues[PROTOCOL_UDP] : s->queue_totals)
            values_add(&v, s, FIELD_QUEUE_BYTES + i, total->bytes[i], ADDED_NONE);
        else if (i != UDP_RX_BYTES && s->tally->lost_all_tcp)
            add_lost(&v, s, format, FIELD_QUEUE_BYTES + i);
    add_drops(&v, s, format, drops);
    values_put(&v, s, format, sink, NETSTAT, set);
}

static struct tagset *tagset_of(const struct snapshot *s, const struct encoder *format, const struct series *series)
{
    const struct series_tags *tags = tags_for(s, format);

    if (series->rule == RULE_NONE)
        return &tags_for(s, format)->other;
    return (series_is_remote(s->tally, series) ? tags->group_remote : tags->group) +
           s->tally->rules->rule[series->rule].group;
}

void values_put_series(const struct values *v, const struct snapshot *s, const struct encoder *format,
                       struct sink *sink, const struct series *series, const char *addr_port)
{
    bool remote = series_is_remote(s->tally, series);
    struct tagset *set = tagset_of(s, format, series);

    set->ip_version->value = series->ip_version == 4 ? "4" : "6";
    set->tag[0]->value = addr_port; /* addr_port, or remote */
    values_put(v, s, format, sink, remote ? NETSTAT_REMOTE : NETSTAT_PORT, set);
}

void values_add_series(struct values *v, const struct snapshot *s, const struct encoder *format,
                       const struct series *series)
{
    const struct accept_queue *queue = &series->queue;

    for (unsigned i = 0; i < FIELD_COUNT; i++)
        values_add(v, s, i, series->count[i], ADDED_NONE);
    for (unsigned i = 0; i < QUEUE_VALUES; i++)
        if (queue->pushed >> i & 1)
            values_add(v, s, FIELD_ACCEPT_QUEUE + i, queue->value[i], ADDED_NONE);
        else if (queue->lost >> i & 1)
            add_lost(v, s, format, FIELD_ACCEPT_QUEUE + i);
    if (s->tally->ephemeral && series_is_remote(s->tally, series) && series->ephemeral_percent != EPHEMERAL_UNKNOWN)
        values_add(v, s, FIELD_EPHEMERAL, series->ephemeral_percent, ADDED_NONE);
    if (s->reading->report.cookies)
        values_add(v, s, FIELD_CLOSE_WAIT_OLDEST, series->close_wait_oldest_s, ADDED_NONE);
    for (unsigned i = 0; i < QUEUE_BYTES && s->queues; i++)
        if (s->reading->report.queues[i == UDP_RX_BYTES ? PROTOCOL_UDP : PROTOCOL_TCP])
            values_add(v, s, FIELD_QUEUE_BYTES + i, series->bytes[i], ADDED_NONE);
    add_drops(v, s, format, series->drops);
    if (s->pids && series->owner.pid)
        values_add(v, s, FIELD_PID, (uint64_t)series->owner.pid, ADDED_NONE);
    else if (s->pids && series->owner.lost)
        add_lost(v, s, format, FIELD_PID);
    for (size_t i = 0; series->discovery && series->discovery->ending && i < v->n; i++)
        v->list[i].ended = true;
}

static void put_series(const struct snapshot *s, const struct encoder *format, struct sink *sink,
                       const struct series *series, const char *addr_port)
{
    struct values v = {.n = 0};

    if (series->discovery && series->discovery->ending && !format->marks_ends)
        return;
    values_add_series(&v, s, format, series);
    values_put_series(&v, s, format, sink, series, addr_port);
}

/* Returns false for IPv6 series of rules without an address if the kernel has no IPv6. */
static bool pushed(const struct snapshot *s, const struct series *series)
{
    const struct rules *rules = s->tally->rules;

    return series->ip_version == 4 || s->reading->report.ipv6 || series->discovery ||
           rules->rule[series->rule].ip.version;
}

static void put_all_series(const struct snapshot *s, const struct encoder *format, struct sink *sink, bool remote)
{
    char text[ADDR_PORT_MAX];

    for (uint32_t i = 0; i < tally_count(s->tally); i++) {
        const struct series *series = tally_series(s->tally, i);

        if (series_is_remote(s->tally, series) == remote && pushed(s, series))
            put_series(s, format, sink, series, series_addr_port(s->tally, series, text));
    }
}

static void put_counts(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (s->only_metrics)
        return;
    put_total(s, format, sink, false, &s->tally->total[0], s->tally->drops.total[DROPS_IPV4]);
    if (s->reading->report.ipv6)
        put_total(s, format, sink, true, &s->tally->total[1], s->tally->drops.total[DROPS_IPV6]);
    put_all_series(s, format, sink, false);
    if (s->tally->ephemeral)
        put_all_series(s, format, sink, true);
}

/* --- the largest ---------------------------------------------------------------- */

const char *series_longest(const struct snapshot *s, const struct series *series)
{
    const struct rule *r = series->rule == RULE_NONE ? NULL : &s->tally->rules->rule[series->rule];

    if (!r)
        return "other";
    return rule_discovers(r) ? "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"
                             : r->text + series_is_remote(s->tally, series);
}

void series_largest(struct series *series, int rule)
{
    *series = (struct series){.rule = rule,
                              .ip_version = 6,
                              .ephemeral_percent = 100,
                              .close_wait_oldest_s = UINT32_MAX,
                              .drops = UINT64_MAX,
                              .queue = {.pushed = 0xff},
                              .owner = {.pid = 0x7fffffff}};
    memset(series->count, 0xff, sizeof series->count);
    memset(series->bytes, 0xff, sizeof series->bytes);
    memset(series->queue.value, 0xff, sizeof series->queue.value);
}

/* Puts the largest series of the rule. Returns its bytes. */
static size_t measure_series(const struct snapshot *s, const struct encoder *format, struct sink *sink, int rule)
{
    struct series worst;
    size_t before = sink->out->len;

    series_largest(&worst, rule);
    put_series(s, format, sink, &worst, series_longest(s, &worst));
    if (format->end)
        format->end(sink);
    return sink->out->len - before;
}

/* Measures one series of each rule, and counts the longest discovered one as often as there can be such series. */
static uint64_t measure_counts(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    struct total worst;
    size_t most = 0;

    memset(&worst, 0xff, sizeof worst);
    for (int i = 0; i < 2; i++)
        put_total(s, format, sink, i, &worst, UINT64_MAX);
    if (format->end)
        format->end(sink); /* else they would count as bytes of the first series */
    for (int i = 0; i < s->tally->rules->n; i++) {
        uint64_t before = sink->oversized;
        size_t len = measure_series(s, format, sink, i);

        if (!rule_discovers(&s->tally->rules->rule[i])) { /* IPv4's lines are as long as IPv6's */
            sink->out->len += len;
            sink->oversized += sink->oversized - before;
        } else if (len > most) {
            most = len;
        }
    }
    if (s->tally->max_discovered)
        for (int i = 0; i < 2; i++)
            measure_series(s, format, sink, RULE_NONE);
    return (uint64_t)s->tally->max_discovered * most;
}

const struct source source_counts = {put_counts, measure_counts, .of_pods = false};
