/* netstat.tcp_established:12|g|#host:a,ip_version:4
 * Nothing after the tags: what every DogStatsD receiver takes (datagram protocol 1.0). */
#include "encode.h"

/* Bytes that would end a part of the line, or that a receiver reads as another tag
 * dialect inside a name (Influx ',', Librato '#', Graphite ';', SignalFx '['). */
#define NAME_UNSAFE " :|@#,;[]="
#define KEY_UNSAFE ":|,"
#define VALUE_UNSAFE "|,"

static void put_name(struct buf *b, const struct point *p, const char *field)
{
    if (*p->prefix) {
        put_replaced(b, p->prefix, NAME_UNSAFE);
        buf_char(b, '.');
    }
    buf_text(b, p->measurement);
    buf_char(b, '.');
    buf_text(b, field);
}

static void put_tags(struct buf *b, const struct tags *tags)
{
    for (size_t i = 0; i < tags->n; i++) {
        buf_text(b, i ? "," : "|#");
        put_replaced(b, tags->tag[i].key, KEY_UNSAFE);
        if (tags->tag[i].value) {
            buf_char(b, ':');
            put_replaced(b, tags->tag[i].value, VALUE_UNSAFE);
        }
    }
}

static void encode(struct sink *s, const struct point *p)
{
    for (size_t i = 0; i < p->n_fields; i++) {
        const struct field *f = &p->field[i];
        size_t mark = line_begin(s);

        put_name(s->out, p, f->name);
        buf_char(s->out, ':');
        buf_u64(s->out, f->counter ? f->increment : f->value);
        buf_text(s->out, f->counter ? "|c" : "|g");
        put_tags(s->out, &p->tags);
        line_end(s, mark);
    }
}

const struct encoder encoder_dogstatsd = {
    .name = "dogstatsd",
    .port = 8125,
    .zero_when_lost = true,
    .point = encode,
};
