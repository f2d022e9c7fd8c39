/* Prometheus remote write 1.0 (prometheus.io/docs/specs/prw/remote_write_spec): messages of protobuf, a TimeSeries with
 * one Sample for each value, compressed by snappy.
 *
 *   WriteRequest  1 TimeSeries*
 *   TimeSeries    1 Label*   2 Sample*
 *   Label         1 name     2 value
 *   Sample        1 value, double   2 time, ms
 *
 * Labels are sorted by bytes, "__name__" among them, without duplicates or empty values: Prometheus answers 500 to a
 * duplicate, which would be sent again for ever. */
#include <string.h>

#include "encode/prometheus.h"
#include "encode/protobuf.h"

/* Returns the bits of the double that is nearest to n. Some processors that this runs on have no floating point. */
static uint64_t double_bits(uint64_t n)
{
    unsigned shift = n ? (unsigned)__builtin_clzll(n) : 0;
    uint64_t fraction = n << shift, rest = fraction & 0x7ff, bits;

    if (!n)
        return 0;
    bits = (uint64_t)(1022 + 63 - shift) << 52; /* the fraction's highest bit, which is not stored, adds 1 */
    bits += fraction >> 11;
    return bits + (rest > 0x400 || (rest == 0x400 && bits & 1));
}

/* --- a point ---------------------------------------------------------------------------- */

/* Returns the bytes of a metric's name before its field's: netstat_, with a prefix app_netstat_. */
static size_t metric_len(const struct point *p)
{
    return (*p->prefix ? label_name_len(p->prefix) + 1 : 0) + strlen(p->measurement->name) + 1;
}

/* Puts the label of the metric's name, which has len bytes: netstat_tcp_established. */
static void put_metric(struct buf *b, const struct point *p, const char *field, size_t len)
{
    label_begin_metric(b, len);
    if (*p->prefix) {
        label_put_name(b, p->prefix);
        buf_char(b, '_');
    }
    buf_text(b, p->measurement->name);
    buf_char(b, '_');
    buf_text(b, field);
}

static void encode(struct sink *s, const struct point *p)
{
    uint64_t time_ms = p->time_ms < 0 ? 0 : (uint64_t)p->time_ms;
    struct common before = {0}, after = {0};
    struct labels labels;
    size_t len, metric = metric_len(p);

    labels_init(&labels, &p->tags);
    len = labels_len(&labels) + sample_len(time_ms);
    for (size_t i = 0; i < p->n_values; i++) {
        const char *field = p->value[i].field->name;
        size_t mark = line_begin(s), name = metric + strlen(field), first, second, end;

        pb_put_head(s->out, PB_BYTES(1), len + label_len(strlen(PROMETHEUS_NAME), name));
        first = s->out->len;
        if (!common_again(s, &before))
            labels_put(s->out, &labels, 0, labels.before);
        end = s->out->len;
        put_metric(s->out, p, field, name);
        second = s->out->len;
        if (!common_again(s, &after))
            labels_put(s->out, &labels, labels.before, labels.n);
        before = (struct common){first, end - first};
        after = (struct common){second, s->out->len - second};
        sample_put(s->out, p->value[i].ended ? PROMETHEUS_STALE : double_bits(p->value[i].now), time_ms);
        if (!record_end(s, mark))
            before.len = after.len = 0;
    }
}

/* --- posting ----------------------------------------------------------------------------- */

/* Begins a block of snappy's format: the length, and a literal of all bytes (github.com/google/snappy,
 * format_description.txt). Nothing is compressed: that would take more code than all of this. */
static void put_preamble(struct buf *b, const char *resource, size_t resource_len, size_t len)
{
    char bytes[PB_VARINT_MAX + 3], *at = pb_write_varint(bytes, len);

    (void)resource, (void)resource_len;
    if (len) {
        *at++ = (char)0xf4;
        *at++ = (char)(len - 1);
        *at++ = (char)((len - 1) >> 8);
    }
    buf_put(b, bytes, (size_t)(at - bytes));
}

static const struct posting posting = {
    .path = "/api/v1/write",
    .type = "application/x-protobuf",
    .headers = "Content-Encoding: snappy\r\n"
               "X-Prometheus-Remote-Write-Version: 0.1.0\r\n",
    .by_poll = true,
    .preamble = put_preamble,
};

const struct encoder encoder_prometheus = {
    .name = "prometheus",
    .port = 9090,
    .timestamps = true,
    .marks_ends = true,
    .claims = true,
    .utf8 = true,
    .record = record_field,
    .post = &posting,
    .point = encode,
    .metric = prometheus_metric,
    .bounds = {.number = 2, .timing = 7, .joined = 7, .byte = 1, .tag = 10, .record = 80},
};
