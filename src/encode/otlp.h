/* Writes OTLP's requests but for their metrics, and reads the answers. Pure. */
#ifndef OTLP_H
#define OTLP_H

#include <stdint.h>

#include "base/buf.h"
#include "count/tags.h"
#include "encode/protobuf.h"
#include "input/histogram.h"

struct posting;
struct relayed;
struct sink;

#define NS_PER_MS       1000000
#define OTLP_CUMULATIVE 2          /* a sum's temporality */
#define OTLP_NO_VALUE   1          /* a point's flags */
#define OTLP_NOT_SENT   "__name__" /* some receivers take it for the metric's name */

/* The most bytes of a histogram's buckets for values of one sign. */
#define OTLP_BUCKETS_MAX (2 * PB_HEAD_MAX + 1 + PB_VARINT_MAX + HISTOGRAM_BUCKETS * PB_VARINT_MAX)

/* The form of requests. */
extern const struct posting otlp_posting;

/* Return the bytes of a KeyValue with its head, and put it. head is the tag of its field. */
size_t otlp_attribute_len(const struct tag *tag);
void otlp_put_attribute(struct buf *b, char head, const struct tag *tag);

/* encoder.metric */
void otlp_metric(struct sink *s, const struct relayed *r);

/* Puts the Resource with these attributes, for posting.preamble. */
void otlp_put_resource(struct buf *b, const struct tags *attributes);

/* Read the body of an answer, or the beginning of a longer one: how many points a request was accepted without
 * (ExportMetricsServiceResponse), and why a request was refused (google.rpc.Status). The receiver's words go to out, in
 * one printable line, or "" if there are none. */
uint64_t otlp_rejected(const char *body, size_t len, char *out, size_t cap);
void otlp_reason(const char *body, size_t len, char *out, size_t cap);

#endif
