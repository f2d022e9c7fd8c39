/* netstat.tcp_established:12|g|#host:a,ip_version:4
 * dogstatsd ends at the tags, which every DogStatsD receiver accepts (protocol 1.0). datadog
 * adds sections of protocol 1.4 to 1.6, which some other receivers reject: |c: the container,
 * |e: data from an admission controller, |card: the cardinality
 * (docs.datadoghq.com/developers/dogstatsd/datagram_shell). */
#include "encode/dogstatsd.h"

#include <string.h>

#include "encode/encode.h"

/* Bytes that would end a part of the line, or begin tags of another dialect in a name
 * (Influx ',', Librato '#', Graphite ';', SignalFx '['). */
#define NAME_UNSAFE  " :|@#,;[]="
#define KEY_UNSAFE   ":|,"
#define VALUE_UNSAFE "|,"

static void put_name(struct buf *b, const struct point *p, const char *field)
{
    if (*p->prefix) {
        put_replaced(b, p->prefix, NAME_UNSAFE);
        buf_char(b, '.');
    }
    buf_text(b, p->measurement->name);
    buf_char(b, '.');
    buf_text(b, field);
}

/* Puts the address without brackets, which the agent would replace by '_'. */
static void put_addr_port(struct buf *b, const char *addr_port)
{
    for (; *addr_port; addr_port++)
        if (*addr_port != '[' && *addr_port != ']')
            buf_char(b, *addr_port);
}

static void put_tag(struct buf *b, const struct tag *t, bool for_agent)
{
    put_replaced(b, t->key, KEY_UNSAFE);
    if (!t->value)
        return;
    buf_char(b, ':');
    if (for_agent && (!strcmp(t->key, "addr_port") || !strcmp(t->key, "remote")))
        put_addr_port(b, t->value);
    else
        put_replaced(b, t->value, VALUE_UNSAFE);
}

static void put_tags(struct buf *b, const struct tags *tags, bool for_agent)
{
    for (size_t i = 0; i < tags->n; i++) {
        buf_text(b, i ? "," : "|#");
        put_tag(b, &tags->tag[i], for_agent);
    }
}

void dogstatsd_tags(const struct tags *tags, struct buf *texts, struct packer_tags *out)
{
    size_t mark = texts->len;

    for (out->n = 0; out->n < tags->n && out->n < TAGS_ALL_MAX; out->n++) {
        struct packer_tag *tag = &out->tag[out->n];
        size_t before = texts->len, at;

        if (out->n)
            buf_char(texts, ',');
        at = texts->len;
        put_tag(texts, &tags->tag[out->n], false);
        if (texts->full) {
            texts->len = before;
            break;
        }
        tag->text = (struct span){texts->data + at, texts->len - at};
        tag->key_len = strlen(tags->tag[out->n].key);
    }
    out->text = (struct span){texts->data + mark, texts->len - mark};
}

static void encode(struct sink *s, const struct point *p, bool for_agent)
{
    struct common tags = {0};

    for (size_t i = 0; i < p->n_values; i++) {
        size_t mark = line_begin(s), at;

        put_name(s->out, p, p->value[i].field->name);
        put_statsd_value(s, &p->value[i]);
        at = s->out->len;
        if (!common_again(s, &tags)) {
            put_tags(s->out, &p->tags, for_agent);
            if (for_agent)
                buf_text(s->out, p->sections);
        }
        common_line_end(s, mark, &tags, at, s->out->len - at);
    }
}

static void encode_dogstatsd(struct sink *s, const struct point *p)
{
    encode(s, p, false);
}

static void encode_datadog(struct sink *s, const struct point *p)
{
    encode(s, p, true);
}

const struct encoder encoder_dogstatsd = {
    .name = "dogstatsd",
    .port = 8125,
    .increments = true,
    .zero_when_lost = true,
    .relays = 1 + PACK_DOGSTATSD,
    .record = record_line,
    .point = encode_dogstatsd,
};

const struct encoder encoder_datadog = {
    .name = "datadog",
    .port = 8125,
    .increments = true,
    .zero_when_lost = true,
    .for_agent = true,
    .relays = 1 + PACK_DATADOG,
    .record = record_line,
    .point = encode_datadog,
};
