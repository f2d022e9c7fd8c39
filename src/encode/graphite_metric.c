/* The application's metrics for Graphite, in the names that StatsD's server has: what it counts ends in ".count". */
#include "base/number.h"
#include "encode/graphite.h"

void graphite_metric(struct sink *s, const struct relayed *r)
{
    const struct metric_values *v = &r->metric->values;
    const struct number {
        char end[8];
        double value;
    } timed[] =
        {
            {".count", (double)v->count}, {".sum", v->sum},         {".mean", v->sum / (double)v->count},
            {".lower", v->min},           {".upper", v->max},       {".p50", v->quantile[0]},
            {".p90", v->quantile[1]},     {".p99", v->quantile[2]},
        },
      one = {"", v->value}, counted = {".count", v->value};
    bool is_timed = metric_is_timed(r->metric);
    const struct number *number = is_timed ? timed : r->metric->kind == METRIC_GAUGE ? &one : &counted;
    struct common shared = {0};

    for (size_t i = 0; i < (is_timed ? sizeof timed / sizeof *timed : 1); i++) {
        struct graphite_line line = {.mark = line_begin(s)};

        graphite_put_name(s->out, r->name);
        buf_text(s->out, number[i].end);
        graphite_put_tags(s, &line, &r->tags, &shared);
        if (!i && !relayed_claim(s, r, line.mark)) {
            buf_cut(s->out, line.mark);
            return;
        }
        buf_double(s->out, number[i].value);
        graphite_end_line(s, &line, r->time_ms, &shared);
    }
}
