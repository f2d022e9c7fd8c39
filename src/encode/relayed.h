/* The application's metrics as records, as the last flush left them. Pure. */
#ifndef RELAYED_H
#define RELAYED_H

#include "encode/encode.h"
#include "input/metrics.h"

#define RELAYED_TAGS_MAX (1 + METRIC_TAGS_MAX + TAGS_ALL_MAX)

/* By enum metric_kind; in formats that are typed, values of the tag metric_type. */
extern const char *const relayed_kind[METRIC_TYPES];

/* A metric of the application, as the last flush left it. */
struct relayed {
    const struct metric *metric;
    const char *name; /* the metric's, without the bytes that the format cannot have */
    struct tags tags; /* its type's, its own and ours, at most RELAYED_TAGS_MAX: sorted by key, without alike keys */
    int64_t time_ms;  /* as in struct point */
    bool zero;        /* the 0 of a total that begins, at a time before its first value */
    bool silent;      /* its series are claimed, and nothing is written */
};

/* A series that was written: the hash of its name and tags, and the offset of its metric. */
struct claim {
    uint64_t hash;
    uint32_t pass, metric;
};

/* The application's series in a format where several metrics can become one. For a second value of a series at one time
 * a receiver refuses all of a request, or it keeps the last. So the first metric has the series: the first in the
 * table, or where requests have parts the first number, then the first timing. It stays the first while it lives, with
 * or without a value to be pushed; only a timing's first negative value moves it in the table. */
struct claims {
    struct claim *claim; /* a hash table: claims_size() of them, zeroed. Those of earlier passes are free */
    uint32_t mask, pass; /* so much of the table as the metrics need */
    const struct metrics *metrics;
    const char *ours[2]; /* beginnings of our own series' names */
    /* The first metric that was left out, and who has its series: NULL for us. They are valid until the next flush. */
    const struct metric *left_out, *owner;
    const struct encoder *format; /* where it was left out */
};

/* Returns how many places the claims of metrics in so many bytes need. */
uint32_t claims_size(uint32_t bytes);

/* Claims the series whose name and tags are in the sink's output from `at`. Returns true if it is to be written: no
 * other metric has it, and this one is not silent. Without sink.claims there are no other ones. */
bool relayed_claim(struct sink *s, const struct relayed *r, size_t at);

/* Counts a value of the metric as left out, for the owner of its series. Returns false. */
bool relayed_leave_out(struct sink *s, const struct relayed *r, const struct metric *owner);

/* Writes all metrics into the sink, with our tags where they have none of that key. ours is sorted, and has at most
 * TAGS_ALL_MAX. time_ms is the time of the last flush, as in struct point. The sink is flushed on the way, but not at
 * the end. Does nothing for a format without encoder.metric.
 *
 * Where the format's requests have parts, so do the metrics. The 0 of totals that begin precedes the values in requests
 * of their own: it is older than the newest sample when a request with both comes again. Timings, which older receivers
 * refuse as histograms, are apart from numbers. */
void relayed_encode(const struct metrics *m, const struct tags *ours, int64_t time_ms, const struct encoder *format,
                    struct sink *sink);

/* Returns true for the kinds that have a histogram: timings, histograms and distributions. */
static inline bool metric_is_timed(const struct metric *metric)
{
    return kind_is_timed(metric->kind);
}

#endif
