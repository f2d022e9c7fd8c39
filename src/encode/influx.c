/* netstat,host=a,ip_version=4 tcp_established=12i,tcp_syn_sent=0i 1700000000123000000 */
#include <string.h>

#include "base/number.h"
#include "encode/relayed.h"

#define RENAMED   "time_" /* InfluxDB rejects lines with a tag "time" */
#define TYPE_KEY  "metric_type"
#define FIELD_MAX 64 /* ",tcp_established=" and 20 digits and "i" */
#define TIME_MAX  21

/* Puts text with a '\' before each byte in escape. Control bytes become '_', and so does '\':
 * before ',', '=', ' ' or at an end it would be read as an escape. */
static void put_escaped(struct buf *b, const char *text, const char *escape)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f || *text == '\\') {
            buf_char(b, '_');
            continue;
        }
        if (strchr(escape, *text))
            buf_char(b, '\\');
        buf_char(b, *text);
    }
}

static void put_tag(struct buf *b, const struct tags *all, const struct tag *tag)
{
    const char *end = key_end(all, tag->key, RENAMED);

    if (!end || !*tag_text(tag))
        return;
    buf_char(b, ',');
    put_escaped(b, tag->key, ",= ");
    buf_text(b, end);
    buf_char(b, '=');
    put_escaped(b, tag_text(tag), ",= ");
}

/* Puts a name that someone else chose at the start of a line. */
static void put_name(struct buf *b, const char *name)
{
    bool comment = *name == '#'; /* a line that begins with it */

    if (comment)
        buf_char(b, '_');
    put_escaped(b, name + comment, ", ");
}

static void put_series(struct buf *b, const struct point *p)
{
    if (*p->prefix) {
        put_name(b, p->prefix);
        buf_char(b, '.');
    }
    buf_text(b, p->measurement->name);
    for (size_t i = 0; i < p->tags.n; i++)
        put_tag(b, &p->tags, &p->tags.tag[i]);
}

static void put_time(struct buf *b, int64_t time_ms, const struct time_unit *unit)
{
    if (time_ms < 0)
        return;
    buf_char(b, ' ');
    buf_u64(b, (uint64_t)(unit ? time_ms / unit->ms : time_ms));
    buf_text(b, unit ? unit->zeros : "000000");
}

/* Begins a field of the line that began at mark. Returns false if it belongs into another line with the same series and
 * time, because this one has fields and could become too long. */
static bool begin_field(struct sink *s, size_t mark, bool first, const char *name)
{
    if (!first && !line_fits(s, mark, FIELD_MAX + TIME_MAX))
        return false;
    buf_char(s->out, first ? ' ' : ',');
    buf_text(s->out, name);
    buf_char(s->out, '=');
    return true;
}

static void encode(struct sink *s, const struct point *p)
{
    size_t i = 0;

    while (i < p->n_values) {
        size_t mark = line_begin(s);

        put_series(s->out, p);
        for (bool first = true; i < p->n_values; first = false, i++) {
            if (!begin_field(s, mark, first, p->value[i].field->name))
                break;
            buf_u64(s->out, p->value[i].now);
            buf_char(s->out, 'i');
        }
        put_time(s->out, p->time_ms, s->unit);
        line_end(s, mark);
    }
}

/* --- the application's metrics ------------------------------------------------------------ */

/* Puts the series of a metric. A tag of its own with the key of the type is left out. */
static void put_metric(struct buf *b, const struct relayed *r)
{
    static const char *const types[METRIC_TYPES] = {"counter", "gauge", "timing", "histogram", "distribution", "set"};
    const struct tag type = {TYPE_KEY, types[r->metric->kind]};
    size_t i = 0;

    put_name(b, r->name);
    for (; i < r->tags.n && strcmp(r->tags.tag[i].key, TYPE_KEY) < 0; i++)
        if (!tags_alike(r->tags.tag[i].key, TYPE_KEY))
            put_tag(b, &r->tags, &r->tags.tag[i]);
    put_tag(b, &r->tags, &type);
    for (; i < r->tags.n; i++)
        if (!tags_alike(r->tags.tag[i].key, TYPE_KEY))
            put_tag(b, &r->tags, &r->tags.tag[i]);
}

struct number {
    const char *name;
    double value;
};

/* Puts a metric in the names that Telegraf's input of StatsD has (influxdata/telegraf, plugins/inputs/statsd). All
 * values are floats: InfluxDB refuses the lines after a first one with another type. */
static void encode_metric(struct sink *s, const struct relayed *r)
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
        for (bool first = true; i < n && begin_field(s, mark, first, field[i].name); first = false, i++)
            buf_double(s->out, field[i].value);
        put_time(s->out, r->time_ms, s->unit);
        line_end(s, mark);
    }
}

const struct encoder encoder_influx = {
    .name = "influx",
    .port = 8089,
    .timestamps = true,
    .renamed = RENAMED,
    .record = record_line,
    .point = encode,
    .metric = encode_metric,
};
