#include "input/line_parts.h"

/* Reads a length of at most nine digits and the byte after it. Returns what follows, or NULL. */
static const char *read_length(const char *at, const char *end, char stop, size_t *out)
{
    const char *start = at;

    for (*out = 0; at != end && *at >= '0' && *at <= '9' && at - start < 9; at++)
        *out = *out * 10 + (size_t)(*at - '0');
    return at != start && at != end && *at == stop ? at + 1 : NULL;
}

static bool read_all_sections(const char *at, const char *end, struct line *l)
{
    struct span rest, s;

    if (at != end && *at != '|')
        return false;
    rest = l->sections = span_of(at, end);
    while (line_next_section(&rest, &s))
        if (s.len && *s.at == '#')
            l->tags = span_of(s.at + 1, s.at + s.len);
    return true;
}

/* Parses _e{5,4}:title|text. Both lengths are in bytes, and both texts may hold "|". Datadog's agent refuses an empty
 * title. */
enum line_fault line_parse_event(const char *at, const char *end, struct line *l)
{
    size_t title, text;

    l->kind = METRIC_EVENT;
    at = read_length(at, end, ',', &title);
    if (at)
        at = read_length(at, end, '}', &text);
    if (!at || at == end || *at++ != ':' || !title || title >= (size_t)(end - at) || at[title] != '|')
        return LINE_BAD_EVENT;
    l->name = span_of(at, at + title);
    at += title + 1;
    return text <= (size_t)(end - at) && read_all_sections(at + text, end, l) ? LINE_GOOD : LINE_BAD_EVENT;
}

/* Parses _sc|name|0. */
enum line_fault line_parse_check(const char *at, const char *end, struct line *l)
{
    const char *stop = span_find(at, end, '|');

    l->kind = METRIC_CHECK;
    l->name = span_of(at, stop);
    if (!l->name.len || end - stop < 2 || stop[1] < '0' || stop[1] > '3')
        return LINE_BAD_CHECK;
    return read_all_sections(stop + 2, end, l) ? LINE_GOOD : LINE_BAD_CHECK;
}
