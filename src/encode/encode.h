/* Formats. An encoder turns points into whole records, such as lines; ENCODERS lists them. Pure. */
#ifndef ENCODE_H
#define ENCODE_H

#include "base/buf.h"
#include "count/tags.h"
#include "encode/fields.h"
#include "encode/record.h"

struct value {
    const struct field *field;
    uint64_t now;
    uint64_t added;     /* INCREASE: the increase since the last push */
    bool ended;         /* no value: the series of this field ends; only where the format marks ends */
    uint64_t increment; /* INCREASE: the id of `added`, as in struct increment; else ADDED_NONE */
};

struct point {
    const char *prefix; /* "", or a text that is joined to the measurement by a dot */
    const struct measurement *measurement;
    struct tags tags;          /* sorted by key */
    const struct value *value; /* in the order of fields[] */
    size_t n_values;           /* at least 1 */
    int64_t time_ms;           /* wall clock since 1970; < 0: unknown, left out where the format allows */
    int64_t start_ms;          /* when the totals were 0; < 0: unknown */
    bool semconv;              /* of netstat: otlp also puts it in the names of semconv.h */
    const char *sections;      /* "|c:…|e:…|card:…" or "", which follows the tags in formats for an agent */
};

/* A unit of a line's time: it is time_ms / ms, followed by the digits in zeros. */
struct time_unit {
    int64_t ms;
    char zeros[7];
};

#define FLUSH_BYTES 16384 /* so that a snapshot of many series is never in memory twice */

#define INCREMENTS_MAX 256 /* lines of sink.increment; a snapshot of more is flushed before it is full */

#define TABLE_WIDTH_MAX 21 /* columns of "255.255.255.255:65535", and of more than any number */

struct claims;

/* Receives records. One that is longer than line_max, without a line's newline, or does not fit into out is left out as
 * a whole, and counted in oversized. So is a series that was written before: see claims. */
struct sink {
    struct buf *out;
    void (*flush)(struct sink *); /* empties out and increment: see sink_flush_if_full; or NULL */
    size_t line_max;              /* bytes */
    const struct time_unit *unit; /* for influx; NULL: ns */
    void *state;                  /* the format's state_size bytes, zeroed at first; or NULL */
    uint64_t lines;               /* in out */
    uint64_t oversized;
    uint8_t part;          /* see posting.by_poll */
    struct claims *claims; /* of encoder.claims; or NULL */
    /* Lines of increments come last in out, with gauges between them. */
    size_t gauges;               /* bytes before the first such line, if there is one */
    unsigned n_increments;       /* lines in out from that one on */
    struct increment *increment; /* of each of them, with room for INCREMENTS_MAX; NULL: they are not noted */
    struct increment line;       /* of the line that begins; a format without increments leaves its id ADDED_NONE */
    bool keeps_oversized;        /* for measuring: cuts a line instead, which fits if its numbers are smaller */
    /* Widths of a table's columns, addr_port's last; 0: left out. They are known once laid_out is set. */
    uint8_t width[FIELD_COLUMNS + 1];
    bool laid_out;
};

/* The form in which a format's records are posted over HTTP; without one, they are plain text. */
struct posting {
    char path[16];       /* where the URL names none */
    const char *type;    /* Content-Type */
    const char *headers; /* more: "Name: value\r\n…" */
    /* A request has the records of one poll only, and of one part of it. A receiver that refuses what is older than its
     * newest sample still accepts that one again, after its answer was lost. */
    bool by_poll;
    bool few_retries; /* of the answers, only 429, 502, 503 and 504 mean that the request may be sent again */
    bool halves;      /* a refused chunk is sent in parts, down to single records, to drop only what is refused */
    /* Puts the bytes that precede records of len bytes, at most PREAMBLE_MAX. resource: of otlp_put_resource. */
    void (*preamble)(struct buf *b, const char *resource, size_t resource_len, size_t len);
    /* Read an answer's body, or are NULL: how many points of an accepted request were not stored, and why a request was
     * refused. They set out, of cap bytes, to the receiver's words, or to "". */
    uint64_t (*rejected)(const char *body, size_t len, char *out, size_t cap);
    void (*reason)(const char *body, size_t len, char *out, size_t cap);
};

#define RESOURCE_MAX 4096
#define PREAMBLE_MAX (RESOURCE_MAX + 64)

struct relayed;

/* The most bytes of a metric of the application. Each record has its name and all tags, with escapes. */
struct metric_bounds {
    uint8_t number, timing, joined; /* records: of one value; of a timing; of a timing that fits into one line */
    uint8_t byte, tag, record;      /* bytes for a byte of text; on top for a tag; on top for a record */
    uint16_t values;                /* bytes on top for the values of a timing that have one sign */
};

struct encoder {
    char name[12];
    uint16_t port;       /* the default port */
    bool timestamps;     /* lines carry their time, so late ones are still true */
    bool increments;     /* of an INCREASE, it pushes the increase since the last push */
    bool zero_when_lost; /* a receiver repeats a gauge until it receives 0 */
    bool marks_ends;     /* it has a mark for the end of a series */
    bool only_stdout;
    bool claims;     /* two metrics of the application can become one series: sink.claims has those written */
    bool typed;      /* metrics of the application have the tag metric_type */
    bool utf8;       /* receivers refuse more than a record for bytes that are not UTF-8: metrics have "_" there */
    char renamed[6]; /* "time_": the receiver reserves "time", so '_' is added to a tag of that name */
    bool folds_tags; /* the name holds host, addr_port, ip_version and output; other tags are left out */
    bool for_agent;  /* for Datadog's agent: it gets agent_tags and sections; frames have a length */
    int32_t min_interval_ms;      /* resolution of the lines' times */
    record_fn *record;            /* the form of its records */
    const struct posting *post;   /* it is sent over HTTP only; or NULL */
    void (*begin)(struct sink *); /* begins a snapshot, all of whose points went through point once before; or NULL */
    void (*point)(struct sink *, const struct point *);
    void (*metric)(struct sink *, const struct relayed *); /* the application's, aggregated; or NULL */
    struct metric_bounds bounds;                           /* of metric */
    uint8_t relays; /* the application's lines are passed on: enum pack_dialect + 1; or 0 */
    size_t state_size;
    void (*end)(struct sink *); /* puts the points that are in sink.state; or NULL */
};

/* All encoders, the default first. */
#define ENCODERS(X) X(dogstatsd) X(datadog) X(statsd) X(influx) X(graphite) X(otlp) X(prometheus) X(table)

#define DECLARE(name) extern const struct encoder encoder_##name;
ENCODERS(DECLARE)
#undef DECLARE

/* NULL-terminated. */
extern const struct encoder *const encoders[];

/* Returns the encoder with that name, or NULL. */
const struct encoder *encoder_find(const char *name);

/* Flushes when out has FLUSH_BYTES or more, or the lines of one more point may not have room in increment. Sources call
 * it after each point, by values_put. */
void sink_flush_if_full(struct sink *s);

/* Begins the next part of the snapshot. */
void sink_next_part(struct sink *s);

/* Begins a line. Returns its mark. */
size_t line_begin(const struct sink *s);

/* Returns true if the line so far and more bytes fit. */
bool line_fits(const struct sink *s, size_t mark, size_t more);

/* Ends the line with a newline, or removes it if it does not fit. Returns false if it was removed. */
bool line_end(struct sink *s, size_t mark);

/* Ends a record like line_end, but without a newline. */
bool record_end(struct sink *s, size_t mark);

/* The place, in out, of bytes that all lines of a point have, such as their tags. */
struct common {
    size_t at, len; /* len 0: no line has them yet */
};

/* Copies the common bytes to the end. Returns false if no line has them yet. */
bool common_again(struct sink *s, const struct common *c);

/* Ends the line like line_end, and notes that the common bytes are the len at `at`. */
void common_line_end(struct sink *s, size_t mark, struct common *c, size_t at, size_t len);

/* Puts text; control bytes and bytes in unsafe become '_'. */
void put_replaced(struct buf *b, const char *text, const char *unsafe);

/* Returns the end to add to a key: renamed's '_' for the reserved key, else "". Returns NULL if a tag renamed exists,
 * too: the key's tag is then left out. */
const char *key_end(const struct tags *tags, const char *key, const char *renamed);

/* Returns true if a format that folds tags would write both texts the same. */
bool name_alike(const char *a, const char *b);

/* Returns true if both keys become the same label of Prometheus. */
bool label_alike(const char *a, const char *b);

/* Puts ":12|g" for a gauge, ":3|c" for an increase, and notes what the line adds. */
void put_statsd_value(struct sink *s, const struct value *v);

#endif
