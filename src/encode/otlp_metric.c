/* The application's metrics for OTLP, each as a Metric of its own (otlp.c has the other messages):
 *
 *   Metric                          1 name   3 unit   5 Gauge, 7 Sum or 10 ExponentialHistogram
 *   NumberDataPoint                 2 start   3 time   4 double   7 KeyValue*   8 flags
 *   ExponentialHistogram            1 ExponentialHistogramDataPoint*   2 temporality
 *   ExponentialHistogramDataPoint   1 KeyValue*   2 start   3 time   4 count   5 sum, double   6 scale   7 zero_count
 *                                   8 positive   9 negative   10 flags   12 min, double   13 max, double
 *   Buckets                         1 offset   2 counts, packed varints
 *
 * A counter that decreased is no longer monotonic, else receivers would take the next decrease for a restart. This is
 * of the series, not of its name: in Prometheus a sum that is not monotonic is a gauge with another name, and the
 * name's other series, which only rise, shall stay what they are.
 *
 * Other counts are fixed64, scale and offset are varints in zigzag. Numbers are doubles even if they are whole: some
 * receivers' stores refuse a series whose type changes. */
#include <string.h>

#include "base/number.h"
#include "encode/otlp.h"
#include "encode/protobuf.h"
#include "encode/relayed.h"

/* The most bytes of a histogram's point but for its attributes. */
#define POINT_MAX (7 * PB_FIXED64_LEN + 2 + PB_VARINT_MAX + HISTOGRAM_SIGNS * OTLP_BUCKETS_MAX)

/* A point's bytes but for its attributes, which follow the first `before` of them. */
struct bytes {
    char *at;
    size_t before, len;
};

static uint64_t nanoseconds(int64_t ms)
{
    return ms < 0 ? 0 : (uint64_t)ms * NS_PER_MS;
}

/* --- points: each function writes at `at`, and returns the end ---------------------------- */

static char *write_double(char *at, char tag, double value)
{
    return pb_write_fixed64(at, tag, number_bits(value));
}

/* Writes what precedes the attributes of a number. */
static char *write_number(char *at, const struct relayed *r, double value)
{
    if (r->metric->kind == METRIC_COUNTER)
        at = pb_write_fixed64(at, PB_FIXED64(2), nanoseconds(r->metric->start_ms));
    at = pb_write_fixed64(at, PB_FIXED64(3), nanoseconds(r->time_ms));
    return r->metric->ended ? at : write_double(at, PB_FIXED64(4), value);
}

static uint64_t zigzag(int32_t n)
{
    return n < 0 ? ~((uint64_t)(int64_t)n << 1) : (uint64_t)n << 1;
}

static char *write_zigzag(char *at, char tag, int32_t n)
{
    *at++ = tag;
    return pb_write_varint(at, zigzag(n));
}

static char *write_buckets(char *at, char tag, const struct histogram_range *range)
{
    size_t counts = 0;

    if (!range->length)
        return at;
    for (int32_t i = 0; i < range->length; i++)
        counts += pb_varint_len(histogram_at(range, range->first + i));
    at = pb_write_head(at, tag, 1 + pb_varint_len(zigzag(range->first)) + pb_field_len(counts));
    at = write_zigzag(at, PB_VARINT(1), range->first);
    at = pb_write_head(at, PB_BYTES(2), counts);
    for (int32_t i = 0; i < range->length; i++)
        at = pb_write_varint(at, histogram_at(range, range->first + i));
    return at;
}

/* Writes what follows the attributes of a histogram. */
static char *write_histogram(char *at, const struct relayed *r, const struct histogram *h)
{
    at = pb_write_fixed64(at, PB_FIXED64(2), nanoseconds(r->metric->start_ms));
    at = pb_write_fixed64(at, PB_FIXED64(3), nanoseconds(r->time_ms));
    if (r->metric->ended)
        return at;
    at = pb_write_fixed64(at, PB_FIXED64(4), h->count);
    at = write_double(at, PB_FIXED64(5), h->sum);
    at = write_zigzag(at, PB_VARINT(6), h->scale);
    at = pb_write_fixed64(at, PB_FIXED64(7), h->zero_count);
    at = write_buckets(at, PB_BYTES(8), &h->range[HISTOGRAM_POSITIVE]);
    at = write_buckets(at, PB_BYTES(9), &h->range[HISTOGRAM_NEGATIVE]);
    if (!h->count)
        return at;
    at = write_double(at, PB_FIXED64(12), h->min);
    return write_double(at, PB_FIXED64(13), h->max);
}

/* Writes the metric's point. */
static void write_point(struct bytes *out, const struct relayed *r)
{
    const struct metric_values *v = &r->metric->values;
    char *end;

    if (metric_is_timed(r->metric)) {
        const struct histogram *h = metric_total(r->metric), empty = {.scale = h->scale};

        end = write_histogram(out->at, r, r->zero ? &empty : h);
        out->before = 0;
    } else {
        end = write_number(out->at, r, r->zero ? 0 : r->metric->kind == METRIC_COUNTER ? v->total : v->value);
        out->before = (size_t)(end - out->at);
    }
    if (r->metric->ended) {
        *end++ = metric_is_timed(r->metric) ? PB_VARINT(10) : PB_VARINT(8);
        *end++ = OTLP_NO_VALUE;
    }
    out->len = (size_t)(end - out->at);
}

/* --- attributes ----------------------------------------------------------------------------- */

/* Returns the attribute for a tag; its key is NULL if it is left out. */
static struct tag attribute(const struct relayed *r, const struct tag *tag)
{
    struct tag out = *tag;

    if (!strcmp(tag->key, OTLP_NOT_SENT))
        out.key = NULL;
    else if (r->metric->n_tags == 1 && !strcmp(tag->key, "overflow") && !strcmp(tag_text(tag), "true"))
        out.key = "otel.metric.overflow"; /* opentelemetry.io/docs/specs/otel/metrics/sdk, "Overflow attribute" */
    return out;
}

static size_t attributes_len(const struct relayed *r)
{
    size_t len = 0;

    for (size_t i = 0; i < r->tags.n; i++) {
        struct tag tag = attribute(r, &r->tags.tag[i]);

        if (tag.key)
            len += otlp_attribute_len(&tag);
    }
    return len;
}

static void put_attributes(struct buf *b, const struct relayed *r)
{
    char head = metric_is_timed(r->metric) ? PB_BYTES(1) : PB_BYTES(7);

    for (size_t i = 0; i < r->tags.n; i++) {
        struct tag tag = attribute(r, &r->tags.tag[i]);

        if (tag.key)
            otlp_put_attribute(b, head, &tag);
    }
}

/* Returns true if the metric is to be written. It claims its name and attributes: receivers' stores have counters,
 * gauges and sets of the same ones as one series, and so timings, histograms and distributions. */
static bool is_first(struct sink *s, const struct relayed *r)
{
    size_t mark = line_begin(s);
    bool first;

    pb_put_text(s->out, metric_is_timed(r->metric) ? PB_BYTES(10) : PB_BYTES(1), r->name);
    put_attributes(s->out, r);
    first = relayed_claim(s, r, mark);
    buf_cut(s->out, mark);
    return first;
}

/* --- metrics -------------------------------------------------------------------------------- */

void otlp_metric(struct sink *s, const struct relayed *r)
{
    static const char how[] = {PB_VARINT(2), OTLP_CUMULATIVE, PB_VARINT(3), true};
    const struct metric *metric = r->metric;
    bool is_timed = metric_is_timed(metric), is_sum = metric->kind == METRIC_COUNTER;
    size_t how_len = is_sum && metric->monotonic ? sizeof how : is_sum || is_timed ? 2 : 0;
    char bytes[POINT_MAX];
    struct bytes point = {.at = bytes};
    size_t attributes = attributes_len(r), mark = line_begin(s), data;
    const char *unit = metric->kind == METRIC_TIMING ? "ms" : "";

    if (!is_first(s, r))
        return;
    write_point(&point, r);
    data = pb_field_len(point.len + attributes) + how_len;
    pb_put_head(s->out, PB_BYTES(2),
                pb_field_len(strlen(r->name)) + (*unit ? pb_field_len(strlen(unit)) : 0) + pb_field_len(data));
    pb_put_text(s->out, PB_BYTES(1), r->name);
    if (*unit)
        pb_put_text(s->out, PB_BYTES(3), unit);
    pb_put_head(s->out, is_timed ? PB_BYTES(10) : is_sum ? PB_BYTES(7) : PB_BYTES(5), data);
    pb_put_head(s->out, PB_BYTES(1), point.len + attributes);
    buf_put(s->out, point.at, point.before);
    put_attributes(s->out, r);
    buf_put(s->out, point.at + point.before, point.len - point.before);
    buf_put(s->out, how, how_len);
    record_end(s, mark);
}
