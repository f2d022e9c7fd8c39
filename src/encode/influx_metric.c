/* The application's metrics for InfluxDB, in the names that Telegraf's input of StatsD has (influxdata/telegraf,
 * plugins/inputs/statsd). All values are floats: InfluxDB refuses the lines after a first one with another type. */
#include "base/number.h"
#include "encode/influx.h"

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

        influx_put_name(s->out, r->name);
        influx_put_tags(s->out, &r->tags);
        if (!i && !relayed_claim(s, r, mark)) {
            buf_cut(s->out, mark);
            return;
        }
        for (bool first = true; i < n && influx_begin_field(s, mark, first, field[i].name); first = false, i++)
            buf_double(s->out, field[i].value);
        influx_put_time(s->out, r->time_ms, s->unit);
        line_end(s, mark);
    }
}
