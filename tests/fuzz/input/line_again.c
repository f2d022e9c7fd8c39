#include "fuzz/input/line_again.h"

#include <string.h>

#include "base/number.h"
#include "fuzz/fuzz.h"

static bool same(struct span a, struct span b)
{
    return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

static void write_line(struct buf *b, const struct line *l, const struct line_value *v)
{
    static const char *const type[] = {"c", "g", "ms", "h", "d", "s"};

    buf_put(b, l->name.at, l->name.len);
    buf_char(b, ':');
    if (v->kind == METRIC_GAUGE && *v->text.at == '+')
        buf_char(b, '+');
    if (v->kind == METRIC_SET)
        buf_put(b, v->text.at, v->text.len);
    else
        buf_double(b, v->number);
    buf_char(b, '|');
    buf_text(b, type[v->kind]);
    buf_text(b, "|@");
    buf_double(b, v->rate);
    if (!l->tags.at)
        return;
    buf_text(b, "|#");
    buf_put(b, l->tags.at, l->tags.len);
}

void must_read_value_again(const struct line *l, const struct line_value *v)
{
    static char text[1 << 16];
    struct buf b = {.data = text, .cap = sizeof text};
    struct line_value value;
    struct line again;

    write_line(&b, l, v);
    if (b.full)
        return;
    MUST(line_parse(text, b.len, &again) == LINE_GOOD);
    MUST(same(again.name, l->name) && same(again.tags, l->tags) && again.kind == v->kind);
    MUST(line_next(&again, &value));
    MUST(value.number == v->number && value.rate == v->rate && (v->kind != METRIC_SET || same(value.text, v->text)));
    MUST(!line_next(&again, &value));
}
