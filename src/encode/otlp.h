/* Writes OTLP's requests but for their metrics, and reads the answers. Pure. */
#ifndef OTLP_H
#define OTLP_H

#include <stdint.h>

#include "base/buf.h"
#include "count/tags.h"

struct posting;

/* The form of requests. */
extern const struct posting otlp_posting;

/* Puts a KeyValue with its head, the tag of its field. */
void otlp_put_attribute(struct buf *b, char head, const struct tag *tag);

/* Puts the Resource with these attributes, for posting.preamble. */
void otlp_put_resource(struct buf *b, const struct tags *attributes);

/* Read the body of an answer, or the beginning of a longer one: how many points a request was accepted without
 * (ExportMetricsServiceResponse), and why a request was refused (google.rpc.Status). The receiver's words go to out, in
 * one printable line, or "" if there are none. */
uint64_t otlp_rejected(const char *body, size_t len, char *out, size_t cap);
void otlp_reason(const char *body, size_t len, char *out, size_t cap);

#endif
