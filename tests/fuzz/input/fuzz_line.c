/* Reads a datagram of StatsD lines. A good line, written again value by value, must have the same values. */
#include <string.h>

#include "base/number.h"
#include "fuzz/fuzz.h"
#include "input/line.h"

static const char *const type[] = {"c", "g", "ms", "h", "d", "s"};

static void must_be_inside(struct span part, struct span line)
{
    MUST(!part.at || (part.at >= line.at && part.at + part.len <= line.at + line.len));
}

static void put(struct buf *b, struct span part)
{
    buf_put(b, part.at, part.len);
}

static bool same(struct span a, struct span b)
{
    return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

static void write_again(const struct line *l, const struct line_value *v)
{
    static char text[1 << 16];
    struct buf b = {.data = text, .cap = sizeof text};
    struct line_value value;
    struct line again;

    put(&b, l->name);
    buf_char(&b, ':');
    if (v->kind == METRIC_SET)
        put(&b, v->text);
    else {
        if (v->kind == METRIC_GAUGE && *v->text.at == '+')
            buf_char(&b, '+');
        buf_double(&b, v->number);
    }
    buf_char(&b, '|');
    buf_text(&b, type[v->kind]);
    buf_text(&b, "|@");
    buf_double(&b, v->rate);
    if (l->tags.at) {
        buf_text(&b, "|#");
        put(&b, l->tags);
    }
    if (b.full)
        return;
    MUST(line_parse(text, b.len, &again) == LINE_GOOD);
    MUST(same(again.name, l->name) && same(again.tags, l->tags) && again.kind == v->kind);
    MUST(line_next(&again, &value));
    MUST(value.number == v->number && value.rate == v->rate && (v->kind != METRIC_SET || same(value.text, v->text)));
    MUST(!line_next(&again, &value));
}

static void check(struct span line)
{
    struct span key, value, section;
    struct line_value v;
    struct line l;
    unsigned n = 0;
    enum line_fault fault = line_parse(line.at, line.len, &l);

    MUST(line_fault_text(fault));
    if (fault)
        return;
    must_be_inside(l.name, line);
    must_be_inside(l.tags, line);
    must_be_inside(l.sections, line);
    for (struct line walk = l; line_next(&walk, &v); n++) {
        must_be_inside(v.text, line);
        MUST(v.text.len && v.rate >= 1e-6 && v.rate <= 1 && v.number - v.number == 0);
        if (n < 8)
            write_again(&l, &v);
    }
    MUST(l.name.len && (n != 0) == (l.kind < METRIC_EVENT));
    for (struct span rest = l.tags; line_next_tag(&rest, &key, &value);) {
        must_be_inside(key, line);
        must_be_inside(value, line);
        MUST(key.len);
    }
    while (line_next_section(&l.sections, &section))
        must_be_inside(section, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    struct span rest = {text, size}, line;

    while (line_split(&rest, &line)) {
        MUST(line.len && !memchr(line.at, '\n', line.len));
        check(line);
    }
    free(text);
    return 0;
}
