/* The application's metrics for Prometheus remote write, which has no histograms of this kind. So a timing is
 *
 *   NAME_count, NAME_sum                              totals
 *   NAME{quantile="0.5"}, {quantile="0.9"}, "0.99"    of the interval */
#include <string.h>

#include "base/number.h"
#include "encode/prometheus.h"
#include "encode/protobuf.h"

/* Puts a series whose name is the metric's and `end`, unless it was put before. */
static void put_series(struct sink *s, const struct relayed *r, const struct labels *l, const char *end, double value,
                       bool is_total)
{
    uint64_t time_ms = r->time_ms < 0 ? 0 : (uint64_t)r->time_ms;
    size_t mark = line_begin(s), name = label_name_len(r->name) + strlen(end), at;

    pb_put_head(s->out, PB_BYTES(1), labels_len(l) + label_len(strlen(PROMETHEUS_NAME), name) + sample_len(time_ms));
    at = s->out->len;
    labels_put(s->out, l, 0, l->before);
    label_begin_metric(s->out, name);
    label_put_name(s->out, r->name);
    buf_text(s->out, end);
    labels_put(s->out, l, l->before, l->n);
    if (!relayed_claim(s, r, at) || (r->zero && !is_total)) {
        buf_cut(s->out, mark);
        return;
    }
    sample_put(s->out, r->metric->ended ? PROMETHEUS_STALE : number_bits(r->zero ? 0 : value), time_ms);
    record_end(s, mark);
}

static void put_timed(struct sink *s, const struct relayed *r, struct labels *l)
{
    static const char *const quantile[METRIC_QUANTILES] = {"0.5", "0.9", "0.99"};
    const struct metric_values *v = &r->metric->values;
    struct tag tag = {.key = "quantile"};

    put_series(s, r, l, "_count", (double)v->total_count, true);
    put_series(s, r, l, "_sum", v->total_sum, true);
    tag.value = *quantile;
    labels_add(l, &tag); /* replaces one of the application's */
    for (unsigned i = 0; i < METRIC_QUANTILES; i++) {
        tag.value = quantile[i];
        put_series(s, r, l, "", v->quantile[i], false);
    }
}

void prometheus_metric(struct sink *s, const struct relayed *r)
{
    const struct metric_values *v = &r->metric->values;
    struct labels labels;

    labels_init(&labels, &r->tags);
    if (metric_is_timed(r->metric))
        put_timed(s, r, &labels);
    else if (r->metric->kind == METRIC_COUNTER)
        put_series(s, r, &labels, "", v->total, true);
    else
        put_series(s, r, &labels, "", v->value, false);
}
