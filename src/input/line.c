#include <string.h>

#include "input/line_parts.h"

/* Returns whether one of eight bytes is a control character of ASCII: below 0x20, or 0x7f. */
static bool word_has_control(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return ((word - EACH(0x20)) & ~word & EACH(0x80)) || zero_bytes(word ^ EACH(0x7f));
}

static bool has_control(const char *text, size_t len)
{
    size_t at = 0;

    for (; at + 8 <= len; at += 8)
        if (word_has_control(text + at))
            return true;
    for (; at < len; at++)
        if ((unsigned char)text[at] < ' ' || text[at] == 0x7f)
            return true;
    return false;
}

static bool is_time(struct span section)
{
    for (size_t i = 1; i < section.len; i++)
        if (section.at[i] < '0' || section.at[i] > '9')
            return false;
    return section.len > 1;
}

/* Reads all sections. A ":" after a rate begins StatsD's next value if no section but rates is before it. */
static enum line_fault read_sections(struct line *l)
{
    struct span rest = l->sections, s;
    bool rates_only = true;

    while (line_next_section(&rest, &s)) {
        const char *end = s.at + s.len;

        if (s.len && *s.at == '@') {
            l->apart = rates_only && span_find(s.at, end, ':') != end;
            if (l->apart)
                return LINE_GOOD;
            l->rate_text = span_of(s.at + 1, end);
            if (!line_read_rate(s.at + 1, end, &l->rate))
                return LINE_BAD_RATE;
            continue;
        }
        rates_only = false;
        if (s.len && *s.at == '#')
            l->tags = span_of(s.at + 1, end);
        if (s.len && *s.at == 'T' && (l->kind == METRIC_COUNTER || l->kind == METRIC_GAUGE))
            l->timed |= is_time(s);
    }
    return LINE_GOOD;
}

static enum line_fault parse_metric(const char *text, const char *end, struct line *l)
{
    const char *colon = span_find_end(text, end), *pipe, *after;
    enum line_fault fault;

    if (colon == end || *colon == '|')
        return LINE_NO_COLON;
    if (colon == text)
        return LINE_NO_NAME;
    l->name = span_of(text, colon);
    l->next = colon + 1;
    pipe = span_find(l->next, end, '|');
    if (pipe == end)
        return LINE_NO_TYPE;
    after = span_find_end(pipe + 1, end);
    if (after == pipe + 1)
        return LINE_NO_TYPE;
    if (!line_read_kind(pipe + 1, after, &l->kind))
        return LINE_BAD_TYPE;
    l->apart = after != end && *after == ':';
    l->sections = span_of(after, end);
    if (!l->apart) {
        fault = read_sections(l);
        if (fault)
            return fault;
    }
    l->end = pipe;
    if (l->apart) {
        l->sections = (struct span){0};
        l->rate = 1;
        l->end = end;
    }
    return line_read_values(l);
}

enum line_fault line_parse(const char *text, size_t len, struct line *out)
{
    const char *end = text + len;

    /* An assignment of the whole, optimised for size, would take a fifth of the parser's time on x86. */
    out->tags = out->sections = out->rate_text = (struct span){0};
    out->next = NULL;
    out->rate = 1;
    out->timed = out->signed_gauge = out->apart = out->first_known = false;
    if (has_control(text, len))
        return LINE_CONTROL;
    if (len > 2 && !memcmp(text, "_e{", 3))
        return line_parse_event(text + 3, end, out);
    if (len > 3 && !memcmp(text, "_sc|", 4))
        return line_parse_check(text + 4, end, out);
    return parse_metric(text, end, out);
}
