/* HOST.netstat.4.tcp_established:12|g   HOST.netstat_port.80.4.tcp_established:3|g
 * For receivers without tags: what tells two series apart is folded into the name, the
 * host too, since a fleet would overwrite one gauge. Values have no sign: in StatsD "+1|g"
 * and "-1|g" are changes. */
#include <string.h>

#include "encode.h"

#define PREFIX_UNSAFE " :|@#,;[]=/"

/* One component of a name: letters, digits, '-' and '_'; a dot would begin the next, and
 * brackets of IPv6 go. So no two addresses with ports come out alike: in what stays, the
 * last '_' parts the port, the others stand for '.' between four numbers or for ':'. */
static void put_component(struct buf *b, const char *text)
{
    for (; *text; text++) {
        bool letter = (*text | 32) >= 'a' && (*text | 32) <= 'z', digit = *text >= '0' && *text <= '9';

        if (*text != '[' && *text != ']')
            buf_char(b, letter || digit || *text == '-' ? *text : '_');
    }
    buf_char(b, '.');
}

static void put_tag(struct buf *b, const struct point *p, const char *key)
{
    const struct tag *tag = tags_find(&p->tags, key);

    if (tag && tag->value && *tag->value)
        put_component(b, tag->value);
}

static void encode(struct sink *s, const struct point *p)
{
    for (size_t i = 0; i < p->n_fields; i++) {
        size_t mark = line_begin(s);

        put_prefix(s->out, p, PREFIX_UNSAFE);
        put_tag(s->out, p, "host");
        put_component(s->out, p->measurement);
        put_tag(s->out, p, "addr_port");
        put_tag(s->out, p, "ip_version");
        put_tag(s->out, p, "output");
        buf_text(s->out, p->field[i].name);
        put_statsd_value(s->out, &p->field[i]);
        line_end(s, mark);
    }
}

const struct encoder encoder_statsd = {
    .name = "statsd",
    .port = 8125,
    .zero_when_lost = true,
    .folds_tags = true,
    .point = encode,
};
