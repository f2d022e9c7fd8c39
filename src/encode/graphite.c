/* netstat.tcp_established;host=a;ip_version=4 12 1700000000
 * Graphite's plaintext with tags (graphite-web, docs/tags.rst). */
#include "encode/encode.h"

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

static void put_tags(struct buf *b, const struct point *p)
{
    for (size_t i = 0; i < p->tags.n; i++) {
        const struct tag *t = &p->tags.tag[i];
        const char *end = key_end(&p->tags, t->key, RENAMED);

        if (!end)
            continue;
        buf_char(b, ';');
        put_replaced(b, t->key, NAME_UNSAFE);
        buf_text(b, end);
        buf_char(b, '=');
        put_safe(b, tag_text(t), VALUE_UNSAFE);
    }
}

static void encode(struct sink *s, const struct point *p)
{
    struct common tags = {0};

    for (size_t i = 0; i < p->n_values; i++) {
        size_t mark = line_begin(s), at, len;

        put_name(s->out, p, p->value[i].field->name);
        at = s->out->len;
        if (!common_again(s, &tags))
            put_tags(s->out, p);
        len = s->out->len - at;
        buf_char(s->out, ' ');
        buf_u64(s->out, p->value[i].now);
        if (p->time_ms < 0) {
            buf_text(s->out, " -1"); /* carbon replaces it by the time of receipt */
        } else {
            buf_char(s->out, ' ');
            buf_u64(s->out, (uint64_t)p->time_ms / 1000);
        }
        common_line_end(s, mark, &tags, at, len);
    }
}

const struct encoder encoder_graphite = {
    .name = "graphite",
    .port = 2003,
    .timestamps = true,
    .renamed = RENAMED,
    .min_interval_ms = 1000,
    .record = record_line,
    .point = encode,
};
