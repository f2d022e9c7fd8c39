/* HOST.netstat.4.tcp_established:12|g   HOST.netstat_port.80.4.tcp_established:3|g
 * StatsD without tags. Tags that keep series apart are folded into the name, and so is the
 * host: a fleet would overwrite one gauge. Values have no sign, because "+1|g" and "-1|g"
 * change a gauge (statsd, docs/metric_types.md). */
#include <string.h>

#include "encode/encode.h"
#include "input/packer.h"

/* Returns c if it is a letter, a digit, '-' or '_', else '_'. A dot would begin the name's next component. */
static char safe(char c)
{
    bool letter = (c | 32) >= 'a' && (c | 32) <= 'z', digit = c >= '0' && c <= '9';

    return letter || digit || c == '-' ? c : '_';
}

bool name_alike(const char *a, const char *b)
{
    while (*a && safe(*a) == safe(*b)) {
        a++;
        b++;
    }
    return !*a && !*b;
}

/* Puts text and a dot. Bytes in kept stay, those in left_out are left out. */
static void put_component(struct buf *b, const char *text, const char *kept, const char *left_out)
{
    for (; *text; text++)
        if (!strchr(left_out, *text))
            buf_char(b, strchr(kept, *text) ? *text : safe(*text));
    buf_char(b, '.');
}

/* Returns the bytes of the tag's value that are left out. Even without brackets no two addresses become alike: the last
 * '_' precedes the port, the others replace the '.' of IPv4 or the ':' of IPv6. But the ']' of a remote network stays a
 * '_': before its prefix, [a::]/64:80, else it would be one of the address [a::64]:80. */
static const char *left_out_of(const char *key)
{
    return !strcmp(key, "addr_port") ? "[]" : !strcmp(key, "remote") ? "[" : "";
}

static void put_tag(struct buf *b, const struct point *p, const char *key)
{
    const struct tag *tag = tags_find(&p->tags, key);

    if (tag && tag->value)
        put_component(b, tag->value, "", left_out_of(key));
}

/* Puts the name but for the field, which follows. */
static void put_name(struct buf *b, const struct point *p)
{
    const struct measurement *m = p->measurement;

    if (*p->prefix)
        put_component(b, p->prefix, ".", "");
    put_tag(b, p, "host");
    put_component(b, m->name, "", "");
    for (size_t i = 0; m->folded && i < MEASUREMENT_TAGS && m->tag[i]; i++)
        put_tag(b, p, m->tag[i]);
}

static void encode(struct sink *s, const struct point *p)
{
    struct common name = {0};

    for (size_t i = 0; i < p->n_values; i++) {
        size_t mark = line_begin(s), len;

        if (!common_again(s, &name))
            put_name(s->out, p);
        len = s->out->len - mark;
        buf_text(s->out, p->value[i].field->name);
        put_statsd_value(s, &p->value[i]);
        common_line_end(s, mark, &name, mark, len);
    }
}

const struct encoder encoder_statsd = {
    .name = "statsd",
    .port = 8125,
    .increments = true,
    .zero_when_lost = true,
    .folds_tags = true,
    .relays = 1 + PACK_STATSD,
    .record = record_line,
    .point = encode,
};
