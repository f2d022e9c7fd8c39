/* A table for people at a terminal: a header, then a row per series. */
#include <string.h>

#include "encode/encode.h"

#define ADDR_WIDTH 16

/* Returns the width of a column, which fits its heading and a million. */
static size_t column_width(size_t column)
{
    size_t len = strlen(fields[column].heading);

    return 1 + (len > 7 ? len : 7);
}

static void put_left(struct buf *b, const char *text, size_t width)
{
    put_replaced(b, text, "");
    for (size_t len = strlen(text); len < width; len++)
        buf_char(b, ' ');
}

static void put_right(struct buf *b, const char *text, size_t width)
{
    for (size_t len = strlen(text); len < width; len++)
        buf_char(b, ' ');
    buf_text(b, text);
}

static void begin(struct sink *s)
{
    size_t mark = line_begin(s);

    buf_char(s->out, '\n');
    put_left(s->out, "IP", 3);
    put_left(s->out, "PORT", ADDR_WIDTH);
    for (size_t i = 0; i < FIELD_COLUMNS; i++)
        put_right(s->out, fields[i].heading, column_width(i));
    line_end(s, mark);
}

static const char *value_of(const struct point *p, const char *key, const char *otherwise)
{
    const struct tag *tag = tags_find(&p->tags, key);

    return tag && tag->value ? tag->value : otherwise;
}

static void row(struct sink *s, const struct point *p)
{
    size_t mark = line_begin(s);

    put_left(s->out, value_of(p, "ip_version", ""), 3);
    put_left(s->out, value_of(p, "addr_port", "all"), ADDR_WIDTH);
    for (size_t i = 0, column = 0; i < p->n_values && column < FIELD_COLUMNS; column++) {
        char digits[21];
        struct buf number = {.data = digits, .cap = sizeof digits - 1};

        if (p->value[i].field == &fields[column]) /* else its protocol could not be read */
            buf_u64(&number, p->value[i++].now);
        digits[number.len] = '\0';
        put_right(s->out, digits, column_width(column));
    }
    line_end(s, mark);
}

/* Writes a point without columns: name and values on one line. */
static void put_self(struct sink *s, const struct point *p)
{
    size_t mark = line_begin(s);

    buf_text(s->out, p->measurement->name);
    for (size_t i = 0; i < 2 && p->measurement->tag[i]; i++) {
        buf_char(s->out, ' ');
        put_replaced(s->out, value_of(p, p->measurement->tag[i], ""), "");
    }
    buf_char(s->out, ':');
    for (size_t i = 0; i < p->n_values; i++) {
        buf_char(s->out, ' ');
        buf_text(s->out, p->value[i].field->name);
        buf_char(s->out, '=');
        buf_u64(s->out, p->value[i].now);
    }
    line_end(s, mark);
}

static void encode(struct sink *s, const struct point *p)
{
    if (p->value->field < fields + FIELD_COLUMNS)
        row(s, p);
    else
        put_self(s, p);
}

const struct encoder encoder_table = {
    .name = "table",
    .only_stdout = true,
    .timestamps = true, /* so that late polls are printed, too */
    .begin = begin,
    .point = encode,
};
