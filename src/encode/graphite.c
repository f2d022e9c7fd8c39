/* netstat.tcp_established;host=a;ip_version=4 12 1700000000
 * Graphite's plaintext with tags (graphite-web, docs/tags.rst). */
#include "base/number.h"
#include "encode/relayed.h"

#define RENAMED      "name_" /* Graphite's tag "name" is the metric's name */
#define NAME_UNSAFE  " ;!^="
#define VALUE_UNSAFE " ;"

/* Puts text like put_replaced, and '_' for a '~' at its start. */
static void put_safe(struct buf *b, const char *text, const char *unsafe)
{
    bool tilde = *text == '~';

    if (tilde)
        buf_char(b, '_');
    put_replaced(b, text + tilde, unsafe);
}

static void put_name(struct buf *b, const struct point *p, const char *field)
{
    if (*p->prefix) {
        put_safe(b, p->prefix, NAME_UNSAFE);
        buf_char(b, '.');
    }
    buf_text(b, p->measurement->name);
    buf_char(b, '.');
    buf_text(b, field);
}

static void put_tags(struct buf *b, const struct tags *tags)
{
    for (size_t i = 0; i < tags->n; i++) {
        const struct tag *t = &tags->tag[i];
        const char *end = key_end(tags, t->key, RENAMED);

        if (!end || !*tag_text(t))
            continue;
        buf_char(b, ';');
        put_replaced(b, t->key, NAME_UNSAFE);
        buf_text(b, end);
        buf_char(b, '=');
        put_safe(b, tag_text(t), VALUE_UNSAFE);
    }
}

/* A line of a series, which begins at mark. Its tags are at `tags`, so many bytes. */
struct line_of {
    size_t mark, tags, len;
};

/* Puts the tags and a blank after a line's name. */
static void put_series(struct sink *s, struct line_of *line, const struct tags *tags, const struct common *shared)
{
    line->tags = s->out->len;
    if (!common_again(s, shared))
        put_tags(s->out, tags);
    line->len = s->out->len - line->tags;
    buf_char(s->out, ' ');
}

/* Puts the time after a line's value. */
static void end_line(struct sink *s, const struct line_of *line, int64_t time_ms, struct common *shared)
{
    if (time_ms < 0) {
        buf_text(s->out, " -1"); /* carbon replaces it by the time of receipt */
    } else {
        buf_char(s->out, ' ');
        buf_u64(s->out, (uint64_t)time_ms / 1000);
    }
    common_line_end(s, line->mark, shared, line->tags, line->len);
}

static void encode(struct sink *s, const struct point *p)
{
    struct common shared = {0};

    for (size_t i = 0; i < p->n_values; i++) {
        struct line_of line = {.mark = line_begin(s)};

        put_name(s->out, p, p->value[i].field->name);
        put_series(s, &line, &p->tags, &shared);
        buf_u64(s->out, p->value[i].now);
        end_line(s, &line, p->time_ms, &shared);
    }
}

/* Puts a metric in the names that StatsD's server has for Graphite: what it counts ends in ".count". */
static void encode_metric(struct sink *s, const struct relayed *r)
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
        struct line_of line = {.mark = line_begin(s)};

        put_safe(s->out, r->name, NAME_UNSAFE);
        buf_text(s->out, number[i].end);
        put_series(s, &line, &r->tags, &shared);
        buf_double(s->out, number[i].value);
        end_line(s, &line, r->time_ms, &shared);
    }
}

const struct encoder encoder_graphite = {
    .name = "graphite",
    .port = 2003,
    .timestamps = true,
    .renamed = RENAMED,
    .min_interval_ms = 1000,
    .utf8 = true, /* carbon closes the connection (graphite-project/carbon, issue 941) */
    .record = record_line,
    .point = encode,
    .metric = encode_metric,
};
