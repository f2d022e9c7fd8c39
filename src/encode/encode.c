#include "encode/encode.h"

#include <string.h>

#define ROW(name) &encoder_##name,

const struct encoder *const encoders[] = {ENCODERS(ROW) NULL};

const struct encoder *encoder_find(const char *name)
{
    for (const struct encoder *const *e = encoders; *e; e++)
        if (!strcmp((*e)->name, name))
            return *e;
    return NULL;
}

void sink_flush_if_full(struct sink *s)
{
    if (s->flush && (s->out->len >= FLUSH_BYTES || s->n_increments + VALUES_MAX > INCREMENTS_MAX))
        s->flush(s);
}

void sink_next_part(struct sink *s)
{
    if (s->flush && s->out->len)
        s->flush(s);
    s->part++;
}

size_t line_begin(const struct sink *s)
{
    return s->out->len;
}

bool line_fits(const struct sink *s, size_t mark, size_t more)
{
    return !s->out->full && s->out->len - mark + more <= s->line_max;
}

/* Ends a record that fits, or removes it. */
static bool end(struct sink *s, size_t mark, bool fits)
{
    bool noted = s->increment && (s->n_increments || s->line.id);

    fits = fits && !(noted && s->n_increments == INCREMENTS_MAX);
    s->oversized += !fits || s->out->full;
    if (!fits && s->keeps_oversized && !s->out->full) {
        buf_cut(s->out, mark + s->line_max + 1);
    } else if (!fits || s->out->full) {
        buf_cut(s->out, mark);
        return false;
    }
    s->lines++;
    if (!s->n_increments)
        s->gauges = mark;
    if (noted)
        s->increment[s->n_increments++] = s->line;
    return true;
}

bool line_end(struct sink *s, size_t mark)
{
    bool fits = line_fits(s, mark, 0);

    buf_char(s->out, '\n');
    return end(s, mark, fits);
}

bool record_end(struct sink *s, size_t mark)
{
    return end(s, mark, line_fits(s, mark, 0));
}

bool common_again(struct sink *s, const struct common *c)
{
    if (c->len)
        buf_put(s->out, s->out->data ? s->out->data + c->at : NULL, c->len);
    return c->len;
}

void common_line_end(struct sink *s, size_t mark, struct common *c, size_t at, size_t len)
{
    size_t end = s->out->len;

    if (line_end(s, mark) && s->out->len == end + 1) /* else the line was removed or cut */
        *c = (struct common){at, len};
}

void put_replaced(struct buf *b, const char *text, const char *unsafe)
{
    while (*text) {
        size_t safe = 0;

        while ((unsigned char)text[safe] >= ' ' && text[safe] != 0x7f && !strchr(unsafe, text[safe]))
            safe++;
        buf_put(b, text, safe);
        text += safe;
        if (*text) {
            buf_char(b, '_');
            text++;
        }
    }
}

const char *key_end(const struct tags *tags, const char *key, const char *renamed)
{
    size_t len = strlen(renamed) - 1;

    if (strlen(key) != len || memcmp(key, renamed, len))
        return "";
    for (size_t i = 0; i < tags->n; i++)
        if (tags_alike(tags->tag[i].key, renamed))
            return NULL;
    return renamed + len;
}

void put_statsd_value(struct sink *s, const struct value *v)
{
    bool increase = v->field->kind == INCREASE;

    s->line = (struct increment){v->increment, v->added};
    buf_char(s->out, ':');
    buf_u64(s->out, increase ? v->added : v->now);
    buf_text(s->out, increase ? "|c" : "|g");
}
