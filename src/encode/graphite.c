/* netstat.tcp_established;host=a;ip_version=4 12 1700000000
 * Graphite's plaintext with tags (graphite-web, docs/tags.rst). */
#include "encode/graphite.h"

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

void graphite_put_name(struct buf *b, const char *name)
{
    put_safe(b, name, NAME_UNSAFE);
}

static void put_name(struct buf *b, const struct point *p, const char *field)
{
    if (*p->prefix) {
        graphite_put_name(b, p->prefix);
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

void graphite_put_tags(struct sink *s, struct graphite_line *line, const struct tags *tags, const struct common *shared)
{
    line->tags = s->out->len;
    if (!common_again(s, shared))
        put_tags(s->out, tags);
    line->len = s->out->len - line->tags;
    buf_char(s->out, ' ');
}

void graphite_end_line(struct sink *s, const struct graphite_line *line, int64_t time_ms, struct common *shared)
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
        struct graphite_line line = {.mark = line_begin(s)};

        put_name(s->out, p, p->value[i].field->name);
        graphite_put_tags(s, &line, &p->tags, &shared);
        buf_u64(s->out, p->value[i].now);
        graphite_end_line(s, &line, p->time_ms, &shared);
    }
}

const struct encoder encoder_graphite = {
    .name = "graphite",
    .port = 2003,
    .timestamps = true,
    .renamed = RENAMED,
    .min_interval_ms = 1000,
    .claims = true,
    .typed = true,
    .utf8 = true, /* carbon closes the connection (graphite-project/carbon, issue 941) */
    .record = record_line,
    .point = encode,
    .metric = graphite_metric,
    .bounds = {.number = 1, .timing = 8, .joined = 8, .byte = 1, .tag = 3, .record = 85},
};
