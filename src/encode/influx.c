/* netstat,host=a,ip_version=4 tcp_established=12i,tcp_syn_sent=0i 1700000000123000000 */
#include <string.h>

#include "base/number.h"
#include "encode/influx.h"

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

void influx_put_tags(struct buf *b, const struct tags *tags)
{
    for (size_t i = 0; i < tags->n; i++) {
        const struct tag *tag = &tags->tag[i];
        const char *end = key_end(tags, tag->key, RENAMED);

        if (!end || !*tag_text(tag))
            continue;
        buf_char(b, ',');
        put_escaped(b, tag->key, ",= ");
        buf_text(b, end);
        buf_char(b, '=');
        put_escaped(b, tag_text(tag), ",= ");
    }
}

void influx_put_name(struct buf *b, const char *name)
{
    bool comment = *name == '#'; /* a line that begins with it */

    if (comment)
        buf_char(b, '_');
    put_escaped(b, name + comment, ", ");
}

static void put_series(struct buf *b, const struct point *p)
{
    if (*p->prefix) {
        influx_put_name(b, p->prefix);
        buf_char(b, '.');
    }
    buf_text(b, p->measurement->name);
    influx_put_tags(b, &p->tags);
}

void influx_put_time(struct buf *b, int64_t time_ms, const struct time_unit *unit)
{
    if (time_ms < 0)
        return;
    buf_char(b, ' ');
    buf_u64(b, (uint64_t)(unit ? time_ms / unit->ms : time_ms));
    buf_text(b, unit ? unit->zeros : "000000");
}

bool influx_begin_field(struct sink *s, size_t mark, bool first, const char *name)
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
            if (!influx_begin_field(s, mark, first, p->value[i].field->name))
                break;
            buf_u64(s->out, p->value[i].now);
            buf_char(s->out, 'i');
        }
        influx_put_time(s->out, p->time_ms, s->unit);
        line_end(s, mark);
    }
}

const struct encoder encoder_influx = {
    .name = "influx",
    .port = 8089,
    .timestamps = true,
    .claims = true,
    .typed = true,
    .renamed = RENAMED,
    .record = record_line,
    .point = encode,
    .metric = influx_metric,
    .bounds = {.number = 1, .timing = 8, .joined = 1, .byte = 2, .record = 120, .values = 7 * 40},
};
