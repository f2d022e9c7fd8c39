/* The application's metrics for InfluxDB, in the names that Telegraf's input of StatsD has (influxdata/telegraf,
 * plugins/inputs/statsd). All values are floats: InfluxDB refuses the lines after a first one with another type. */
#include <string.h>

#include "base/number.h"
#include "encode/influx.h"

#define TYPE_KEY "metric_type"

/* Puts the series of a metric. A tag of its own with the key of the type is left out. */
static void put_metric(struct buf *b, const struct relayed *r)
{
    const struct tag type = {TYPE_KEY, relayed_kind[r->metric->kind]};
    size_t i = 0;

    influx_put_name(b, r->name);
    for (; i < r->tags.n && strcmp(r->tags.tag[i].key, TYPE_KEY) < 0; i++)
        if (!tags_alike(r->tags.tag[i].key, TYPE_KEY))
            influx_put_tag(b, &r->tags, &r->tags.tag[i]);
    influx_put_tag(b, &r->tags, &type);
    for (; i < r->tags.n; i++)
        if (!tags_alike(r->tags.tag[i].key, TYPE_KEY))
            influx_put_tag(b, &r->tags, &r->tags.tag[i]);
}

struct number {
    const char *name;
    double value;
};

void influx_metric(struct sink *s, const struct relayed *r)
{
    const struct metric_values *v = &r->metric->values;
    const struct number one[] = {{"value", v->value}};
    const struct number timed[] = {
        {"count", (double)v->count},
        {"sum", v->sum},
        {"mean", v->sum / (double)v->count},
        {"lower", v->min},
        {"upper", v->max},
        {"median", v->quantile[0]},
        {"90_percentile", v->quantile[1]},
        {"99_percentile", v->quantile[2]},
    };
    bool is_timed = metric_is_timed(r->metric);
    const struct number *field = is_timed ? timed : one;
    size_t n = is_timed ? sizeof timed / sizeof *timed : 1, i = 0;

    while (i < n) {
        size_t mark = line_begin(s);

        put_metric(s->out, r);
        for (bool first = true; i < n && influx_begin_field(s, mark, first, field[i].name); first = false, i++)
            buf_double(s->out, field[i].value);
        influx_put_time(s->out, r->time_ms, s->unit);
        line_end(s, mark);
    }
}
