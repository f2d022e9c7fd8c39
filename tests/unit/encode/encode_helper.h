/* Encodes one point and keeps its lines. */
#ifndef ENCODE_HELPER_H
#define ENCODE_HELPER_H

#include "encode/encode.h"
#include "encode/protobuf.h"

/* The records of the last call of encode_into or encoded, encoded_len bytes, NUL-terminated. */
extern char encoded_text[65536];
extern size_t encoded_len;

/* Returns zeroed memory for sink.state, which the next call returns again. */
void *format_state(void);

/* Encodes the point into a buffer of exactly cap bytes, which is freed. Returns the sink with its counts. */
struct sink encode_into(const struct encoder *format, const struct point *p, size_t line_max, size_t cap);

/* Returns all lines of the point. */
const char *encoded(const struct encoder *format, const struct point *p);

/* Keeps the bytes of a buffer, which must not be full, as the last call's records. */
void keep_encoded(const struct buf *out);

/* Returns the next field of a message, which must have one. */
struct pb_field next_field(const char **at, const char *end);

/* Returns the number whose 8 bytes end there. */
uint64_t fixed64_before(const char *end);

unsigned count_of(const char *haystack, const char *needle);

/* netstat, host=a, ip_version=4, tcp_established=12, tcp_syn_sent=0, at 1700000000123. */
extern const struct point plain_point;

/* A prefix, a key and a value, each with bytes that would break the line. */
struct hostile {
    const char *prefix, *key, *value, *line;
};

/* Checks each row. Each line must be the row's text followed by `end`. */
void check_hostile(const struct encoder *format, const struct hostile *row, size_t n, const char *end);

#endif
