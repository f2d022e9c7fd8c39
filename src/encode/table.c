/* A table for people at a terminal: a header, then a row per series, in lines of at most 80 columns (a longer
 * name has a line of its own). A column that is
 * zero in every row is left out. Columns that do not fit follow on a second line, and so do all columns of a row whose
 * address is longer than its column. */
#include <string.h>

#include "base/format.h"
#include "encode/encode.h"

#define LINE_WIDTH 80
#define ADDR_AT    3

/* Columns that are never left out, so that an idle machine's table has some. */
#define ALWAYS \
    (1u << STATE_ESTABLISHED | 1u << STATE_TIME_WAIT | 1u << STATE_CLOSE_WAIT | 1u << STATE_LISTEN | 1u << FIELD_UDP)

/* Removes blanks from the end of the line that began at `line`. */
static void trim(struct buf *b, size_t line)
{
    while (b->data && b->len > line && b->data[b->len - 1] == ' ')
        buf_cut(b, b->len - 1);
}

/* Pads the line that began at *line up to this column; begins the next line where it is longer already. */
static void pad_to(struct buf *b, size_t *line, size_t column)
{
    if (b->len > *line + column) {
        trim(b, *line);
        buf_char(b, '\n');
        *line = b->len;
    }
    for (size_t n = *line + column - b->len; n; n--)
        buf_char(b, ' ');
}

static void put_cell(struct sink *s, size_t *line, const char *text, size_t width)
{
    if (s->out->len - *line + 1 + width > LINE_WIDTH)
        pad_to(s->out, line, ADDR_AT + s->width[FIELD_COLUMNS]);
    pad_to(s->out, line, s->out->len - *line + 1 + width - strlen(text));
    buf_text(s->out, text);
}

static void put_head(struct sink *s, size_t *line, const char *version, const char *addr_port)
{
    put_replaced(s->out, version, "");
    pad_to(s->out, line, ADDR_AT);
    put_replaced(s->out, addr_port, "");
    pad_to(s->out, line, ADDR_AT + s->width[FIELD_COLUMNS]);
}

static void widen(struct sink *s, size_t column, size_t len)
{
    if (len > TABLE_WIDTH_MAX)
        len = TABLE_WIDTH_MAX;
    if (len > s->width[column])
        s->width[column] = (uint8_t)len;
}

static void begin(struct sink *s)
{
    size_t mark = line_begin(s), line = mark + 1;

    s->laid_out = true;
    widen(s, FIELD_COLUMNS, strlen("PORT"));
    buf_char(s->out, '\n');
    put_head(s, &line, "IP", "PORT");
    for (unsigned i = 0; i < FIELD_COLUMNS; i++) {
        if (!s->width[i] && !(ALWAYS >> i & 1))
            continue;
        widen(s, i, strlen(fields[i].heading));
        put_cell(s, &line, fields[i].heading, s->width[i]);
    }
    line_end(s, mark);
}

static const char *value_of(const struct point *p, const char *key, const char *otherwise)
{
    const struct tag *tag = tags_find(&p->tags, key);

    return tag && tag->value ? tag->value : otherwise;
}

#define ROW_NAME_MAX (POD_NAMESPACE_MAX + POD_NAME_MAX + POD_UID_MAX + POD_CONTAINER_MAX + ADDR_PORT_MAX + 4)

/* Writes the text of the column PORT. A remote port has ">" before it, as in its rule, and a pod's has the pod's tags:
 * "shop/web 80". Returns out. */
static const char *port_of(const struct point *p, char out[ROW_NAME_MAX])
{
    struct buf b = {.data = out, .cap = ROW_NAME_MAX - 1};

    for (const char *const *key = p->measurement->tag; *key; key++) {
        const char *value = value_of(p, *key, "");
        bool remote = !strcmp(*key, "remote"), port = remote || !strcmp(*key, "addr_port");

        if (!*value || !strcmp(*key, "ip_version"))
            continue;
        if (b.len)
            buf_char(&b, port ? ' ' : '/');
        if (remote)
            buf_char(&b, '>');
        buf_text(&b, value);
    }
    if (!b.len)
        buf_text(&b, "all");
    out[b.len] = '\0';
    return out;
}

/* Puts a point with columns; before the header notes how wide they are. */
static void row(struct sink *s, const struct point *p)
{
    char text[ROW_NAME_MAX];
    const char *addr_port = port_of(p, text);
    size_t mark = line_begin(s), line = mark;

    if (s->laid_out)
        put_head(s, &line, value_of(p, "ip_version", ""), addr_port);
    else
        widen(s, FIELD_COLUMNS, strlen(addr_port));
    for (size_t i = 0, column = 0; i < p->n_values && column < FIELD_COLUMNS; column++) {
        char digits[21];
        struct buf number = {.data = digits, .cap = sizeof digits - 1};

        if (p->value[i].field == &fields[column]) { /* else its protocol could not be read */
            uint64_t now = p->value[i++].now;

            buf_u64(&number, now);
            if (now && !s->laid_out)
                widen(s, column, number.len);
        }
        digits[number.len] = '\0';
        if (s->laid_out && s->width[column])
            put_cell(s, &line, digits, s->width[column]);
    }
    if (s->laid_out) {
        trim(s->out, line);
        line_end(s, mark);
    }
}

/* Writes a point without columns: its name and values, wrapped at blanks. */
static void put_self(struct sink *s, const struct point *p)
{
    size_t mark = line_begin(s), line = mark;

    buf_text(s->out, p->measurement->name);
    for (size_t i = 0; i < MEASUREMENT_TAGS && p->measurement->tag[i]; i++) {
        const char *value = value_of(p, p->measurement->tag[i], "");

        if (*value)
            buf_char(s->out, ' ');
        put_replaced(s->out, value, "");
    }
    for (size_t i = 0; i < p->n_values; i++) {
        char text[40];

        text_format(text, sizeof text, "%s=%llu", p->value[i].field->name, (unsigned long long)p->value[i].now);
        if (s->out->len - line + 1 + strlen(text) > LINE_WIDTH)
            pad_to(s->out, &line, ADDR_AT);
        buf_char(s->out, ' ');
        buf_text(s->out, text);
    }
    line_end(s, mark);
}

static void encode(struct sink *s, const struct point *p)
{
    if (p->value->field < fields + FIELD_COLUMNS)
        row(s, p);
    else if (s->laid_out)
        put_self(s, p);
}

const struct encoder encoder_table = {
    .name = "table",
    .only_stdout = true,
    .timestamps = true, /* a person reads every poll, late or not */
    .begin = begin,
    .record = record_line,
    .point = encode,
};
