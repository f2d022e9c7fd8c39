#include <string.h>

#include "input/line_parts.h"

#define INTERNAL "dd.internal."

bool line_next_section(struct span *rest, struct span *section)
{
    const char *end, *stop;

    if (!rest->len)
        return false;
    end = rest->at + rest->len;
    stop = span_find(rest->at + 1, end, '|');
    *section = span_of(rest->at + 1, stop);
    *rest = span_of(stop, end);
    return true;
}

bool line_next_tag(struct span *rest, struct span *key, struct span *value)
{
    while (rest->len) {
        const char *end = rest->at + rest->len, *stop = rest->at, *colon;

        while (stop != end && *stop != ',' && *stop != ':')
            stop++;
        colon = stop;
        stop = span_find(stop, end, ',');
        *key = span_of(rest->at, colon);
        *value = colon == stop ? (struct span){0} : span_of(colon + 1, stop);
        *rest = span_of(stop == end ? end : stop + 1, end);
        if (key->len)
            return true;
    }
    return false;
}

bool line_tag_is_internal(struct span key)
{
    return key.len > strlen(INTERNAL) && *key.at == *INTERNAL && !memcmp(key.at, INTERNAL, strlen(INTERNAL));
}

bool line_split(struct span *rest, struct span *line)
{
    while (rest->len) {
        const char *end = rest->at + rest->len, *lf = memchr(rest->at, '\n', rest->len);

        *line = span_of(rest->at, lf ? lf : end);
        *rest = span_of(lf ? lf + 1 : end, end);
        if (line->len && line->at[line->len - 1] == '\r')
            line->len--;
        if (line->len)
            return true;
    }
    return false;
}

const char *line_fault_text(enum line_fault fault)
{
    static const char *const text[LINE_FAULTS] = {
        [LINE_GOOD] = "good",
        [LINE_CONTROL] = "control character",
        [LINE_NO_COLON] = "no colon after a name",
        [LINE_NO_NAME] = "no name",
        [LINE_COLON_IN_NAME] = "colon in the name",
        [LINE_NO_VALUE] = "no value",
        [LINE_BAD_NUMBER] = "value is not a number",
        [LINE_NO_TYPE] = "no type",
        [LINE_BAD_TYPE] = "unknown type",
        [LINE_BAD_RATE] = "rate is not a number from 0.000001 to 1",
        [LINE_MIXED] = "two ways of several values, or sections after several types",
        [LINE_BAD_EVENT] = "event whose lengths do not fit",
        [LINE_BAD_CHECK] = "service check without a name or a status from 0 to 3",
    };

    return text[fault];
}
