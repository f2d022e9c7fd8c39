/* Datagrams that UDP sockets lost, in formats with increments, whose lines come after those of gauges: of each IP
 * version, and of each series that lost some. */
#include "encode/source.h"

static void put_total(const struct snapshot *s, const struct encoder *format, struct sink *sink, unsigned index)
{
    struct tagset *set = &tags_for(s, format)->netstat;
    struct values v = {.n = 0};

    set->ip_version->value = index == DROPS_IPV6 ? "6" : "4";
    values_add(&v, s, FIELD_DROPS, 0, ADDED_DROPS + index);
    values_put(&v, s, format, sink, NETSTAT, set);
}

static void put_series(const struct snapshot *s, const struct encoder *format, struct sink *sink,
                       const struct series *series, const char *addr_port)
{
    struct values v = {.n = 0};

    values_add(&v, s, FIELD_DROPS, 0, ADDED_DROPS + series->drops_index);
    values_put_series(&v, s, format, sink, series, addr_port);
}

static void put_drops(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    char text[ADDR_PORT_MAX];

    if (!format->increments || !s->drops || s->only_metrics)
        return;
    put_total(s, format, sink, DROPS_IPV4);
    if (s->reading->report.ipv6 || added_n(&s->added, ADDED_DROPS + DROPS_IPV6))
        put_total(s, format, sink, DROPS_IPV6);
    for (uint32_t i = 0; i < tally_count(s->tally); i++) {
        const struct series *series = tally_series(s->tally, i);

        if (series->drops_index)
            put_series(s, format, sink, series, series_addr_port(s->tally, series, text));
    }
}

/* Measures a line of each rule, and counts the longest as often as there can be lines. */
static uint64_t measure_drops(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    size_t most = 0;

    if (!format->increments || !s->drops)
        return 0;
    put_total(s, format, sink, DROPS_IPV4);
    put_total(s, format, sink, DROPS_IPV6);
    for (int rule = RULE_NONE; rule < s->tally->rules->n; rule++) {
        const struct series worst = {.rule = rule, .ip_version = 6, .drops_index = DROPS_FIRST_SERIES};
        size_t before = sink->out->len;

        put_series(s, format, sink, &worst, series_longest(s, &worst));
        if (sink->out->len - before > most)
            most = sink->out->len - before;
        sink->out->len = before;
    }
    return (uint64_t)most * DROPS_SERIES;
}

const struct source source_drops = {put_drops, measure_drops, .of_pods = false};
