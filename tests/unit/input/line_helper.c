#include "unit/input/line_helper.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "unit/helper.h"

static const char *const kind_name[] = {
    [METRIC_COUNTER] = "c",      [METRIC_GAUGE] = "g", [METRIC_TIMING] = "ms",   [METRIC_HISTOGRAM] = "h",
    [METRIC_DISTRIBUTION] = "d", [METRIC_SET] = "s",   [METRIC_EVENT] = "event", [METRIC_CHECK] = "check",
};

static void put_value(struct buf *out, const struct line_value *v)
{
    buf_char(out, ' ');
    buf_text(out, kind_name[v->kind]);
    buf_char(out, '=');
    if (v->kind == METRIC_SET)
        buf_put(out, v->text.at, v->text.len);
    else
        buf_double(out, v->number);
    if (number_bits(v->rate) != number_bits(1)) {
        buf_char(out, '@');
        buf_double(out, v->rate);
    }
}

static void put_tags(struct buf *out, struct span tags)
{
    struct span key, value;

    while (line_next_tag(&tags, &key, &value)) {
        buf_text(out, " #");
        buf_put(out, key.at, key.len);
        if (value.at) {
            buf_char(out, '=');
            buf_put(out, value.at, value.len);
        }
    }
}

const char *line_in_words(const char *text, size_t len)
{
    static char words[20000];
    struct buf out = {.data = words, .cap = sizeof words - 1};
    struct line_value value, first = {0};
    struct line l;
    enum line_fault fault = line_parse(flush_copy(text, len), len, &l);

    if (fault)
        return line_fault_text(fault);
    buf_put(&out, l.name.at, l.name.len);
    while (line_next(&l, &value)) {
        if (!first.text.at)
            first = value;
        put_value(&out, &value);
    }
    assert_false(line_next(&l, &value));
    if (first.text.at)
        assert_int_equal(first.kind, l.kind);
    else {
        buf_char(&out, ' ');
        buf_text(&out, kind_name[l.kind]);
    }
    put_tags(&out, l.tags);
    if (l.timed)
        buf_text(&out, " timed");
    if (l.signed_gauge)
        buf_text(&out, " signed");
    assert_false(out.full);
    words[out.len] = '\0';
    return words;
}

const char *line_any_text(uint32_t max, const char *no)
{
    static char texts[8][64];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    uint32_t n = 1 + any(max), at = 0;

    while (at < n) {
        char c = (char)(any(4) ? 'a' + any(26) : any(256));

        if ((unsigned char)c >= ' ' && c != 0x7f && !strchr(no, c))
            text[at++] = c;
    }
    text[at] = '\0';
    return text;
}

const char *line_any_number(void)
{
    static char texts[8][32];
    static unsigned turn;
    char *text = texts[turn++ % 8];

    switch (any(4)) {
    case 0: sprintf(text, "%u", any(1000)); break;
    case 1: sprintf(text, "-%u.%u", any(1000), 1 + any(1000)); break;
    case 2: sprintf(text, "%u.%ue%d", any(10), any(1000), (int)any(40) - 20); break;
    default: sprintf(text, "%u%09u", any(100000), any(1000000000));
    }
    return text;
}
