/* netstat,host=a,ip_version=4 tcp_established=12i,tcp_syn_sent=0i 1700000000123000000 */
#include <string.h>

#include "encode/encode.h"

#define RENAMED   "time_" /* InfluxDB rejects lines with a tag "time" */
#define FIELD_MAX 64      /* ",tcp_established=" and 20 digits and "i" */
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

static void put_series(struct buf *b, const struct point *p)
{
    if (*p->prefix) {
        /* A line that begins with '#' is a comment. */
        bool comment = *p->prefix == '#';

        if (comment)
            buf_char(b, '_');
        put_escaped(b, p->prefix + comment, ", ");
        buf_char(b, '.');
    }
    buf_text(b, p->measurement->name);
    for (size_t i = 0; i < p->tags.n; i++) {
        const struct tag *t = &p->tags.tag[i];
        const char *end = key_end(&p->tags, t->key, RENAMED);

        if (!end)
            continue;
        buf_char(b, ',');
        put_escaped(b, t->key, ",= ");
        buf_text(b, end);
        buf_char(b, '=');
        put_escaped(b, tag_text(t), ",= ");
    }
}

static void put_time(struct buf *b, int64_t time_ms, const struct time_unit *unit)
{
    if (time_ms < 0)
        return;
    buf_char(b, ' ');
    buf_u64(b, (uint64_t)(unit ? time_ms / unit->ms : time_ms));
    buf_text(b, unit ? unit->zeros : "000000");
}

/* Splits a line that is too long into several lines with the same series and time. */
static void encode(struct sink *s, const struct point *p)
{
    size_t i = 0;

    while (i < p->n_values) {
        size_t mark = line_begin(s);

        put_series(s->out, p);
        for (bool first = true; i < p->n_values; first = false, i++) {
            if (!first && !line_fits(s, mark, FIELD_MAX + TIME_MAX))
                break;
            buf_char(s->out, first ? ' ' : ',');
            buf_text(s->out, p->value[i].field->name);
            buf_char(s->out, '=');
            buf_u64(s->out, p->value[i].now);
            buf_char(s->out, 'i');
        }
        put_time(s->out, p->time_ms, s->unit);
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
};
