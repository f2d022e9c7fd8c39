#include "fuzz/encode/whole.h"

#include <string.h>

#include "fuzz/fuzz.h"

static bool escaped(const char *line, const char *at)
{
    return at > line && at[-1] == '\\';
}

/* Checks that each tag and field of a line of influx has a value: an empty one breaks the line. A name may have '='. */
static void check_influx(const char *line, const char *end)
{
    const char *at = line;

    while (at < end && ((*at != ',' && *at != ' ') || escaped(line, at)))
        at++;
    for (; at < end; at++)
        MUST(*at != '=' || escaped(line, at) || !strchr(", \n", at[1]));
}

static void check_line(const char *line, const char *end, const struct encoder *format)
{
    MUST(end > line || format == &encoder_table);
    for (const char *at = line; at < end; at++)
        MUST((unsigned char)*at >= ' ');
    if (format == &encoder_influx)
        check_influx(line, end);
}

void must_be_whole(const struct sink *sink, const struct encoder *format)
{
    const char *at = sink->out->data, *end = at + sink->out->len;
    uint64_t records = 0;

    for (size_t size; at < end; at += size, records++) {
        size = format->record(at, (size_t)(end - at));
        MUST(size && size <= (size_t)(end - at) && size <= sink->line_max + (format->record == record_line));
        if (format->record == record_line) {
            MUST(at[size - 1] == '\n');
            check_line(at, at + size - 1, format);
        }
    }
    MUST(records == sink->lines || format == &encoder_table);
}
