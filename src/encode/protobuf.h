/* Writes messages in protobuf's wire format (protobuf.dev/programming-guides/encoding). Numbers of fields are below 16,
 * so that each tag has one byte. Pure. */
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

/* Put a number without a tag. */
void pb_put_varint(struct buf *b, uint64_t n);
void pb_put_fixed64(struct buf *b, uint64_t n);

/* Puts a tag and a length. The content follows. */
void pb_put_head(struct buf *b, char tag, size_t content);

void pb_put_text(struct buf *b, char tag, const char *text);

#endif
