/* The ports of pods: the counts of each series, with the pod's tags. */
#include "encode/source_pods.h"

/* The reading of a namespace's sockets as procfs tells them. */
static const struct reading reading = {.report = {.ipv6 = true, .queues = {true, true}, .cookies = true},
                                       .read = {true, true}};

static void put_port(const struct snapshot *s, const struct encoder *format, struct sink *sink,
                     const struct series *series, const struct pod_series *pod, const char *addr_port)
{
    bool remote = series_is_remote(s->tally, series), other = series->rule == RULE_NONE;
    const struct series_tags *tags = tags_for(s, format);
    struct tagset *of = other ? &tags_for(s, format)->pod_other : remote ? tags->pod_group_remote : tags->pod_group;
    struct values v = {.n = 0};
    struct tagset set;

    if (!other)
        of += s->tally->rules->rule[series->rule].group;
    values_add_series(&v, s, format, series);
    of->ip_version->value = series->ip_version == 4 ? "4" : "6";
    of->tag[POD_TAGS]->value = addr_port; /* the tag after the pod's: addr_port, or remote */
    set = *of;
    set.tags = pod_tags(of, pod);
    values_put(&v, s, format, sink, remote ? NETSTAT_POD_REMOTE : NETSTAT_POD_PORT, &set);
}

/* Returns the snapshot with the pods' counts in place of the program's own. */
static struct snapshot of_pods(const struct snapshot *s)
{
    struct snapshot ports = *s;

    ports.tally = s->pods->ports;
    ports.reading = &reading;
    ports.drops = ports.pids = false;
    return ports;
}

static void put_remote_or_local(const struct snapshot *s, const struct encoder *format, struct sink *sink, bool remote)
{
    struct snapshot ports = of_pods(s);
    char text[ADDR_PORT_MAX], sections[POD_SECTIONS_MAX];

    for (uint32_t i = 0; i < tally_count(ports.tally); i++) {
        const struct series *series = tally_series(ports.tally, i);
        const struct pod_series *pod = pods_of_ports(s->pods, series);

        if ((!pod && series->rule != RULE_NONE) || series_is_remote(ports.tally, series) != remote ||
            (series->discovery->ending && !format->marks_ends))
            continue;
        ports.sections = pod_sections(s, pod, sections);
        put_port(&ports, format, sink, series, pod, series_addr_port(ports.tally, series, text));
    }
}

static void put_ports(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (!s->pods->ports || s->only_metrics)
        return;
    for (unsigned remote = 0; remote < 2; remote++)
        put_remote_or_local(s, format, sink, remote);
}

/* Measures the largest series of each rule and pod, and counts the longest as often as there can be series. */
static uint64_t measure_ports(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    struct pod_series pod;
    struct snapshot ports;
    char sections[POD_SECTIONS_MAX];
    size_t most = 0;

    if (!s->pods->ports)
        return 0;
    ports = of_pods(s);
    pod_largest(&s->pods->want, &pod);
    ports.sections = pod_sections(s, &pod, sections);
    if (format->end)
        format->end(sink);
    for (int rule = RULE_NONE; rule < ports.tally->rules->n; rule++) {
        size_t before = sink->out->len;
        struct series worst;

        series_largest(&worst, rule);
        put_port(&ports, format, sink, &worst, &pod, series_longest(&ports, &worst));
        if (format->end)
            format->end(sink);
        if (sink->out->len - before > most)
            most = sink->out->len - before;
        sink->out->len = before;
    }
    return (uint64_t)most * (ports.tally->max_discovered + 2);
}

const struct source source_pod_ports = {put_ports, measure_ports, .of_pods = true};
