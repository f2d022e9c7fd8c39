/* Labels and samples of Prometheus remote write. A TimeSeries of it is a record. Pure. */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include "encode/relayed.h"

#define PROMETHEUS_NAME "__name__"
#define PROMETHEUS_STALE \
    0x7ff0000000000002u /* the value that ends a series: a NaN (prometheus, model/value/value.go) */

#define LABELS_MAX (RELAYED_TAGS_MAX + 1)

/* Tags as labels: sorted, and each name once. */
struct labels {
    size_t n, before; /* `before` of them precede the name */
    const struct tag *tag[LABELS_MAX];
};

/* Makes labels of tags, which stay the caller's. */
void labels_init(struct labels *l, const struct tags *tags);

/* Adds a tag. Of those that become the same label, the last one whose key is its name wins, or the first. */
void labels_add(struct labels *l, const struct tag *tag);

/* Return the bytes of a key as a label's name, of a label in a record, and of all labels without the metric's name. */
size_t label_name_len(const char *key);
size_t label_len(size_t name, size_t value);
size_t labels_len(const struct labels *l);

/* Returns true if the label's name for a key begins with that for `with`. */
bool label_begins(const char *key, const char *with);

/* Puts a key as a label's name. */
void label_put_name(struct buf *b, const char *key);

/* Begins the label of the metric's name, which has len bytes and follows. */
void label_begin_metric(struct buf *b, size_t len);

/* Puts the labels between two indexes. */
void labels_put(struct buf *b, const struct labels *l, size_t from, size_t to);

/* Return the bytes of a sample in a record, and put one. bits are those of its value, a double. */
size_t sample_len(uint64_t time_ms);
void sample_put(struct buf *b, uint64_t bits, uint64_t time_ms);

/* encoder.metric */
void prometheus_metric(struct sink *s, const struct relayed *r);

#endif
