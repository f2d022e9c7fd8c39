/* The application's metrics, aggregated: what lines of StatsD said, by name, type and tags. One thread adds lines,
 * another flushes and reads. Both hold a lock of theirs while they add and flush; reading needs none, because what is
 * read changes in a flush alone. Pure.
 *
 * All memory is one block, in which the metrics lie one after the other, and a hash table of their places. */
#ifndef METRICS_H
#define METRICS_H

#include "input/histogram.h"
#include "input/line.h"
#include "input/recent.h"
#include "input/set.h"

#define METRIC_TYPES     (METRIC_SET + 1) /* those of enum metric_kind that have values */
#define METRIC_TEXT_MAX  1024             /* bytes of a line's name and tags */
#define METRIC_TAGS_MAX  32
#define METRIC_QUANTILES 3 /* the median, and the 90th and 99th percentile */

/* Values to be pushed. All are of the interval that the last flush ended, unless noted. */
struct metric_values {
    double value;   /* the sum of a counter, the last value of a gauge, the members of a set */
    double total;   /* of a counter, since its start */
    uint64_t count; /* of a histogram, like the rest */
    double sum, min, max, quantile[METRIC_QUANTILES];
    uint64_t total_count; /* since its start */
    double total_sum;     /* since its start */
};

/* A metric. The thread that takes lines has the members before `values`. */
struct metric {
    uint32_t size; /* bytes, to the next metric */
    uint32_t hash;
    uint8_t kind; /* enum metric_kind */
    uint8_t n_tags;
    uint16_t name_len, text_len;
    bool touched;    /* in this interval */
    bool decreased;  /* a counter had a negative increment */
    bool negative;   /* its histograms have ranges for negative values */
    bool replaced;   /* by a copy that has them */
    uint32_t carry;  /* the part of a sampled value's weight that is not counted yet, times 2^31 */
    double interval; /* the sum of a counter, the value of a gauge */
    struct metric_values values;
    int64_t start_ms;    /* wall clock when the totals were 0: at the flush before the first; -1: unknown */
    uint64_t touched_ms; /* of the last flush that found it touched */
    uint8_t flushed;     /* number of the last flush that found it; 0: none has */
    bool fresh;          /* the last flush was its first */
    bool written;        /* it has values to be pushed */
    bool monotonic;      /* a counter that never decreased */
    bool ended;          /* nothing came for so long that the next flush forgets it */
    /* Then its text (metric_key.h), and its histograms with their buckets, or its set. */
};

struct metrics_settings {
    uint64_t key[2];    /* of the hash, drawn at random */
    uint64_t expiry_ms; /* 0: never */
    bool deltas;        /* a gauge with a sign is changed by the value */
    bool totals;        /* histograms since the start are kept, too */
};

struct metrics {
    struct metrics_settings settings;
    char *block;
    uint32_t cap, reserve, used,
        read_end;            /* bytes: of the block; before the part for overflow; of metrics; at the last flush */
    uint32_t *place, places; /* a hash table of offsets in the block, plus 1; a power of 2 */
    uint32_t n;
    uint32_t flush_at;           /* the next metric of a flush that goes on; 0: none does */
    uint8_t flush_no;            /* its number, or the last one's: 1 to 255, in turn */
    struct recent recent;        /* lines that came; without recent_init there are none */
    int64_t flush_ms, before_ms; /* wall clock of the last flush, and of the one before it; -1: unknown */
    bool first_delta;            /* a gauge with sign and tags came, which DogStatsD means as a value */
};

#define METRICS_MEMORY_MIN 65536

/* Prepares m for size bytes at memory, which are zeroed, aligned for uint64_t, and stay the caller's. size is at least
 * METRICS_MEMORY_MIN. */
void metrics_init(struct metrics *m, const struct metrics_settings *settings, void *memory, uint32_t size);

/* Adds a line, which is neither an event nor a service check, and takes its values. *overflow grows by each value for
 * which there was no room. cut: the same line, to be kept in m->recent, or NULL. Returns false if the line has more
 * than METRIC_TEXT_MAX or METRIC_TAGS_MAX allow; then nothing is added. */
bool metrics_add(struct metrics *m, struct line *line, const struct recent_line *cut, uint64_t *overflow);

/* Does the same with a line whose like m->recent has. Returns false, and does nothing, if there is none or if the value
 * is not a number. */
bool metrics_add_recent(struct metrics *m, struct recent_line *cut, uint64_t *overflow);

/* Ends the interval of some metrics, so that lines can be taken between two calls: sets their values. The last call
 * also forgets what ended in the flush before, and returns false; only then may be read. now_ms is monotonic, wall_ms
 * the wall clock or -1; both stay the same until then. */
bool metrics_flush_some(struct metrics *m, uint64_t now_ms, int64_t wall_ms);

/* Ends the interval of all metrics. */
void metrics_flush(struct metrics *m, uint64_t now_ms, int64_t wall_ms);

/* Returns the first metric for NULL, else the one after; NULL after the last one of the last flush. */
const struct metric *metrics_next(const struct metrics *m, const struct metric *after);

const char *metric_name(const struct metric *metric);

/* Returns the key of the first tag for NULL, else the one after this key, sorted; NULL after the last. Sets *value,
 * which is "" for an empty one, and NULL for none. */
const char *metric_next_tag(const struct metric *metric, const char *after, const char **value);

/* Returns the histogram since the start; only with settings.totals. */
const struct histogram *metric_total(const struct metric *metric);

#endif
