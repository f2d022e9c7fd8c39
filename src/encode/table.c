/* For a person at a terminal: a header, then a row a series. */
#include <string.h>

#include "encode/encode.h"

#define ADDR_WIDTH 16

/* A column is as wide as its heading, and wide enough for a million. */
static const char heading[][9] = {"ESTAB",   "SYN_SENT", "SYN_RECV", "FIN_W1",  "FIN_W2", "TIME_W", "CLOSE",
                                      "CLOSE_W", "LAST_ACK", "LISTEN",   "CLOSING", "NONE",   "UDP",    "PID"};
#define HEADINGS (sizeof heading / sizeof *heading)

static size_t column_width(size_t column)
{
    size_t len = column < HEADINGS ? strlen(heading[column]) : 0;

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
    for (size_t i = 0; i < HEADINGS; i++)
        put_right(s->out, heading[i], column_width(i));
    line_end(s, mark);
}

static const char *value_of(const struct point *p, const char *key, const char *otherwise)
{
    const struct tag *tag = tags_find(&p->tags, key);

    return tag && tag->value ? tag->value : otherwise;
}

/* The column of a point's field i. What could not be read is missing. */
static size_t column_of(const struct point *p, size_t i)
{
    char first = *p->field[i].name;

    return first == 'u' ? HEADINGS - 2 : first == 'p' ? HEADINGS - 1 : i; /* udp_socket, pid */
}

static void row(struct sink *s, const struct point *p)
{
    size_t mark = line_begin(s);

    put_left(s->out, value_of(p, "ip_version", ""), 3);
    put_left(s->out, value_of(p, "addr_port", "all"), ADDR_WIDTH);
    for (size_t i = 0, column = 0; i < p->n_fields; column++) {
        char digits[21];
        struct buf number = {.data = digits, .cap = sizeof digits - 1};

        if (column >= column_of(p, i))
            buf_u64(&number, p->field[i++].value);
        digits[number.len] = '\0';
        put_right(s->out, digits, column_width(column));
    }
    line_end(s, mark);
}

/* sockpush's own series: name and values on one line. */
static void own(struct sink *s, const struct point *p)
{
    size_t mark = line_begin(s);

    buf_text(s->out, p->measurement);
    for (size_t i = 0; i < p->tags.n; i++) {
        const struct tag *t = &p->tags.tag[i];

        if (strcmp(t->key, "backend") && strcmp(t->key, "output"))
            continue;
        buf_char(s->out, ' ');
        put_replaced(s->out, t->value ? t->value : "", "");
    }
    buf_char(s->out, ':');
    for (size_t i = 0; i < p->n_fields; i++) {
        buf_char(s->out, ' ');
        buf_text(s->out, p->field[i].name);
        buf_char(s->out, '=');
        buf_u64(s->out, p->field[i].value);
    }
    line_end(s, mark);
}

static void encode(struct sink *s, const struct point *p)
{
    if (strncmp(p->measurement, "netstat", 7))
        own(s, p);
    else
        row(s, p);
}

const struct encoder encoder_table = {
    .name = "table",
    .only_stdout = true,
    .timestamps = true, /* a person reads every poll, late or not */
    .begin = begin,
    .point = encode,
};
