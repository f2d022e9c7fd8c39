/* Formats. An encoder turns one point into whole lines; encode.c lists the encoders. */
#ifndef ENCODE_H
#define ENCODE_H

#include "base/buf.h"
#include "count/tags.h"
#include "encode/fields.h"

struct value {
    const struct field *field;
    uint64_t now;
    uint64_t added; /* of an INCREASE: since the last push */
};

struct point {
    const char *prefix; /* "" or a text that a dot joins to the measurement */
    const struct measurement *measurement;
    struct tags tags;          /* sorted by key */
    const struct value *value; /* in the order of fields[] */
    size_t n_values;           /* at least 1 */
    int64_t time_ms;           /* wall clock; < 0: not to be trusted, left out where the format allows */
    const char *sections;      /* behind the tags, in formats for an agent: "|c:…|e:…|card:…", or "" */
};

/* A unit of time, of whole milliseconds: ms of them, with these digits behind. */
struct time_unit {
    int64_t ms;
    char zeros[7];
};

/* Where lines go: a line that does not fit into line_max, its newline not counted, or
 * into out is left away whole and counted. */
struct sink {
    struct buf *out;
    size_t line_max;
    const struct time_unit *unit; /* of influx lines' times; NULL: ns */
    uint64_t lines, oversized;
    /* Lines of increments come last, in the order of struct added. */
    size_t gauges;                  /* bytes before the first of them, if there are any: */
    unsigned n_begun, n_increments; /* of those that may have been too long; in out */
    uint8_t counter[ADDED];         /* of struct added: which it is, of each in out */
    bool keeps_oversized;           /* for measuring: cut, since with smaller numbers they may fit */
};

struct encoder {
    char name[12];
    uint16_t port;       /* a receiver's usual one */
    bool timestamps;     /* lines carry their time, so late ones are still true */
    bool zero_when_lost; /* a receiver repeats a gauge until it is told 0 */
    bool only_stdout;
    char renamed[6];         /* a user's tag of this name without its '_' gets it: receivers have it for themselves */
    bool folds_tags;         /* host, addr_port, ip_version and output are in the name, other tags nowhere */
    bool for_agent;          /* Datadog's: its own tags and sections; a frame's length instead of newlines */
    int32_t min_interval_ms; /* lines' times are no finer */
    void (*begin)(struct sink *); /* before a snapshot's points, or NULL */
    void (*point)(struct sink *, const struct point *);
};

/* One row each, the default first. */
#define ENCODERS(X) X(dogstatsd) X(datadog) X(statsd) X(influx) X(graphite) X(table)

#define DECLARE(name) extern const struct encoder encoder_##name;
ENCODERS(DECLARE)
#undef DECLARE

/* All encoders, NULL-terminated. */
extern const struct encoder *const encoders[];

/* By name, or NULL. */
const struct encoder *encoder_find(const char *name);

/* The line that begins is of an increment, the next of struct added; a snapshot's last lines are, and no others. */
void line_increment(struct sink *s);

/* For encoders. A line begins at line_begin's mark; line_end ends it with a newline, or
 * takes it back and returns false. line_fits tells beforehand, for what was put so far
 * and more bytes. */
size_t line_begin(const struct sink *s);
bool line_fits(const struct sink *s, size_t mark, size_t more);
bool line_end(struct sink *s, size_t mark);

/* Puts text with each byte that is a control or in unsafe replaced by '_'. */
void put_replaced(struct buf *b, const char *text, const char *unsafe);

/* What stands behind a key: renamed's '_', else nothing; NULL if a tag renamed is there, too:
 * then the key's tag is left out. */
const char *key_end(const struct tags *tags, const char *key, const char *renamed);

/* True if two texts come out as one in a name of a format that folds tags. */
bool name_alike(const char *a, const char *b);

/* ":12|g" of a gauge, ":3|c" of what was added: all kinds of StatsD. */
void put_statsd_value(struct buf *b, const struct value *v);

#endif
