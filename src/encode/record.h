/* A record arrives whole or not at all: a line, or a message of protobuf. Formats have records of one of these forms,
 * which begin one after the other without anything between them. Pure. */
#ifndef RECORD_H
#define RECORD_H

#include <stddef.h>
#include <stdint.h>

/* Returns the bytes of the first record in data, which has at least one, and nothing but whole ones. */
typedef size_t record_fn(const char *data, size_t len);

/* A line and its newline. */
size_t record_line(const char *data, size_t len);

/* A field of a protobuf message with its tag of one byte, its length and its content
 * (protobuf.dev/programming-guides/encoding). */
size_t record_field(const char *data, size_t len);

/* Returns the bytes of the longest run of records that fits into max bytes but for its last byte, which of lines is a
 * newline, or of the first record if that is longer. *n is the number of records. */
size_t record_pack(record_fn *record, const char *data, size_t len, size_t max, uint32_t *n);

#endif
