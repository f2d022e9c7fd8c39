/* Writes and reads messages in protobuf's wire format (protobuf.dev/programming-guides/encoding). Numbers of fields are
 * below 16, so that each tag has one byte. Pure. */
#ifndef PROTOBUF_H
#define PROTOBUF_H

#include "base/buf.h"

/* Tags of a field: its number, and the form of its value. */
#define PB_VARINT(field)  ((char)((field) << 3))
#define PB_FIXED64(field) ((char)((field) << 3 | 1))
#define PB_BYTES(field)   ((char)((field) << 3 | 2)) /* a length, and a text or a message */

/* Return the bytes of a number, and of a whole field of bytes with its tag. */
size_t pb_varint_len(uint64_t n);
size_t pb_field_len(size_t content);

/* Write to memory that has room: a number without a tag, a whole field of 8 bytes, and the tag and length that a
 * content follows. Return the end of what was written. */
char *pb_write_varint(char *at, uint64_t n);
char *pb_write_fixed64(char *at, char tag, uint64_t n);
char *pb_write_head(char *at, char tag, size_t content);

#define PB_VARINT_MAX  10 /* the most bytes that they write */
#define PB_FIXED64_LEN 9
#define PB_HEAD_MAX    (1 + PB_VARINT_MAX)

/* Put a tag and a length, and a whole field of a text. */
void pb_put_head(struct buf *b, char tag, size_t content);
void pb_put_text(struct buf *b, char tag, const char *text);

/* A field that was read. */
struct pb_field {
    uint64_t value;    /* of a number */
    const char *bytes; /* of a text or a message; else NULL */
    size_t len;
    uint32_t number;
};

/* Reads the field at *at, and moves *at past it. A text or a message that goes on after `end` is cut there. Returns
 * false at `end`, and where the message is not well-formed: *at is then before the end. */
bool pb_next(const char **at, const char *end, struct pb_field *out);

#endif
