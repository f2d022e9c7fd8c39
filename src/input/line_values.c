#include "base/number.h"
#include "input/line_parts.h"

#define LINE_ENDED LINE_FAULTS /* next_value: there are no more values */

/* number_bits of 1 and of 1e-6. A rate below it would weigh more than a million. */
#define RATE_MAX UINT64_C(0x3ff0000000000000)
#define RATE_MIN UINT64_C(0x3eb0c6f7a0b5ed8d)

bool line_read_kind(const char *at, const char *end, enum metric_kind *out)
{
    static const char letter[] = {
        [METRIC_COUNTER] = 'c',   [METRIC_GAUGE] = 'g',        [METRIC_TIMING] = 'm',
        [METRIC_HISTOGRAM] = 'h', [METRIC_DISTRIBUTION] = 'd', [METRIC_SET] = 's',
    };

    if (end - at != 1 && (end - at != 2 || at[0] != 'm' || at[1] != 's'))
        return false;
    for (size_t i = 0; i < sizeof letter; i++)
        if (*at == letter[i] && (end - at == 2) == (i == METRIC_TIMING)) {
            *out = (enum metric_kind)i;
            return true;
        }
    return false;
}

bool line_read_rate(const char *at, const char *end, double *out)
{
    if (!number_read(at, (size_t)(end - at), out) || number_bits(*out) >> 63 || number_bits(*out) < RATE_MIN)
        return false;
    if (number_bits(*out) > RATE_MAX)
        *out = 1;
    return true;
}

/* Reads the value in text. out->kind and out->rate are set. */
static bool read_value(struct line *l, struct span text, struct line_value *out)
{
    out->text = text;
    if (out->kind == METRIC_GAUGE || out->kind == METRIC_SET)
        out->rate = 1;
    if (l->first_known) {
        l->first_known = false;
        out->number = l->first;
        return true;
    }
    out->number = 0;
    return out->kind == METRIC_SET || number_read(text.at, text.len, &out->number);
}

/* Takes a value that has a type of its own: VALUE "|" TYPE ["|@" RATE], then ":" or the end. */
static enum line_fault next_apart(struct line *l, struct line_value *out)
{
    const char *end = span_find(l->next, l->end, '|'), *type, *at;
    struct span text = span_of(l->next, end);

    if (!text.len)
        return LINE_NO_VALUE;
    if (end == l->end)
        return LINE_NO_TYPE;
    type = end + 1;
    at = span_find_end(type, l->end);
    if (at == type)
        return LINE_NO_TYPE;
    if (!line_read_kind(type, at, &out->kind))
        return LINE_BAD_TYPE;
    if (out->kind != METRIC_SET && span_find(text.at, end, ':') != end)
        return LINE_MIXED;
    out->rate_text = (struct span){0};
    for (out->rate = 1; at != l->end && *at == '|';) {
        const char *rate = at + 2;

        if (l->end - at < 2 || at[1] != '@')
            return LINE_MIXED;
        at = span_find_end(rate, l->end);
        out->rate_text = span_of(rate, at);
        if (!line_read_rate(rate, at, &out->rate))
            return LINE_BAD_RATE;
    }
    l->next = at == l->end ? NULL : at + 1;
    return read_value(l, text, out) ? LINE_GOOD : LINE_BAD_NUMBER;
}

/* Takes a value from a list before one type. Empty ones are skipped, and a set is one value. */
static enum line_fault next_listed(struct line *l, struct line_value *out)
{
    struct span text = {0};

    while (l->next && !text.len) {
        const char *end = l->kind == METRIC_SET ? l->end : span_find(l->next, l->end, ':');

        text = span_of(l->next, end);
        l->next = end == l->end ? NULL : end + 1;
    }
    if (!text.len)
        return LINE_ENDED;
    out->kind = l->kind;
    out->rate = l->rate;
    out->rate_text = l->rate_text;
    return read_value(l, text, out) ? LINE_GOOD : LINE_BAD_NUMBER;
}

static enum line_fault next_value(struct line *l, struct line_value *out)
{
    if (!l->next)
        return LINE_ENDED;
    return l->apart ? next_apart(l, out) : next_listed(l, out);
}

bool line_next(struct line *l, struct line_value *out)
{
    return next_value(l, out) == LINE_GOOD;
}

void line_rewind(struct line *l)
{
    l->next = l->name.at + l->name.len + 1;
    l->first_known = true;
}

/* Returns why the list of values has one that is no number. Foo::Bar:1 is a name with colons, which nobody can take:
 * the name ended at the first. */
static enum line_fault number_fault(struct span list, struct span wrong)
{
    const char *end = list.at + list.len, *last = end;
    double number;

    while (last != list.at && last[-1] != ':')
        last--;
    for (const char *at = list.at; at != wrong.at; at++)
        if (*at != ':')
            return LINE_BAD_NUMBER;
    return last != wrong.at && number_read(last, (size_t)(end - last), &number) ? LINE_COLON_IN_NAME : LINE_BAD_NUMBER;
}

enum line_fault line_read_values(struct line *l)
{
    struct span list = span_of(l->next, l->end);
    bool any = false;
    struct line_value v;
    enum line_fault fault;

    while ((fault = next_value(l, &v)) == LINE_GOOD) {
        if (!any)
            l->first = v.number;
        any = true;
        if (v.kind == METRIC_GAUGE && (*v.text.at == '-' || *v.text.at == '+'))
            l->signed_gauge = true;
    }
    if (fault == LINE_BAD_NUMBER && !l->apart)
        return number_fault(list, v.text);
    if (fault != LINE_ENDED)
        return fault;
    line_rewind(l);
    return any ? LINE_GOOD : LINE_NO_VALUE;
}
