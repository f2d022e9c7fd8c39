/* One line of StatsD or DogStatsD. Pure: it reads bytes from anyone.
 *
 *   app.requests:1:2|c|@0.5|#env:prod,host:a      name, values, type, sections
 *   a:1|c:20|ms:5|c|@0.1                          StatsD's way of several values, each with its type
 *   _e{5,4}:title|text|#env:prod                  an event, _sc|name|0|#env:prod|m:text a service check
 *
 * Sections come in any order. Those not known are skipped, and of repeated ones the last counts. Spans are parts of the
 * text, which must stay. */
#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>

enum metric_kind {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_TIMING,
    METRIC_HISTOGRAM,
    METRIC_DISTRIBUTION,
    METRIC_SET,
    METRIC_EVENT, /* without values, as is a service check */
    METRIC_CHECK,
};

/* Returns true for the kinds that have a histogram. */
static inline bool kind_is_timed(enum metric_kind kind)
{
    return kind == METRIC_TIMING || kind == METRIC_HISTOGRAM || kind == METRIC_DISTRIBUTION;
}

/* Why a line is refused. */
enum line_fault {
    LINE_GOOD,
    LINE_CONTROL,
    LINE_NO_COLON,
    LINE_NO_NAME,
    LINE_COLON_IN_NAME,
    LINE_NO_VALUE,
    LINE_BAD_NUMBER,
    LINE_NO_TYPE,
    LINE_BAD_TYPE,
    LINE_BAD_RATE,
    LINE_MIXED,
    LINE_BAD_EVENT,
    LINE_BAD_CHECK,
    LINE_FAULTS,
};

struct span {
    const char *at;
    size_t len;
};

struct line_value {
    struct span text; /* not empty */
    double number;    /* finite; 0 for a set */
    enum metric_kind kind;
    double rate;           /* 1e-6 to 1; 1 for a gauge or a set, whose rate does not matter */
    struct span rate_text; /* empty where the line has no rate */
};

struct line {
    struct span name;      /* an event's title */
    enum metric_kind kind; /* of the first value */
    struct span tags;      /* after "#", without it; at is NULL where the section is absent */
    struct span sections;  /* all after the type, each after its "|"; empty where apart */
    double rate;           /* of all values; 1 where apart */
    struct span rate_text;
    bool timed;        /* a counter or a gauge with a section T */
    bool signed_gauge; /* a gauge with "+" or "-" */
    bool apart;        /* each value has a type of its own, StatsD's way */
    /* For line_next: the text of the next value, NULL after the last, and the end of all; the first value's number, so
     * that it is not read twice. */
    const char *next, *end;
    double first;
    bool first_known;
};

/* Takes the next line from a datagram, without its LF, or CR and LF. Empty lines are skipped. Returns false after the
 * last. */
bool line_split(struct span *rest, struct span *line);

/* Parses one line without LF. All of it is checked: a CR at its end is a control character. Returns LINE_GOOD, or why
 * the whole line is refused; then *out is undefined. */
enum line_fault line_parse(const char *text, size_t len, struct line *out);

/* Takes the next value. There is at least one, except of events and service checks. Returns false after the last. */
bool line_next(struct line *l, struct line_value *out);

/* Begins again with the first value. Only for a line that has values. */
void line_rewind(struct line *l);

/* Takes the next section from l->sections, without its "|". Returns false after the last. */
bool line_next_section(struct span *rest, struct span *section);

/* Takes the next tag from l->tags. Empty tags and those without a key are skipped. A tag without ":" has value.at NULL,
 * one with nothing after it an empty value. Returns false after the last. */
bool line_next_tag(struct span *rest, struct span *key, struct span *value);

/* Returns true for the keys dd.internal.NAME, which only Datadog's agent knows, and takes out. */
bool line_tag_is_internal(struct span key);

/* Returns a fault in words, for the log: "unknown type". */
const char *line_fault_text(enum line_fault fault);

#endif
