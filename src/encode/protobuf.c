#include "encode/protobuf.h"

#include <string.h>

size_t pb_varint_len(uint64_t n)
{
    size_t len = 1;

    for (; n >= 128; n >>= 7)
        len++;
    return len;
}

size_t pb_field_len(size_t content)
{
    return 1 + pb_varint_len(content) + content;
}

void pb_put_varint(struct buf *b, uint64_t n)
{
    char bytes[10];
    size_t len = 0;

    for (; n >= 128; n >>= 7)
        bytes[len++] = (char)(n | 128);
    bytes[len++] = (char)n;
    buf_put(b, bytes, len);
}

void pb_put_fixed64(struct buf *b, uint64_t n)
{
    char bytes[8];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(n >> 8 * i);
    buf_put(b, bytes, sizeof bytes);
}

void pb_put_head(struct buf *b, char tag, size_t content)
{
    buf_char(b, tag);
    pb_put_varint(b, content);
}

void pb_put_text(struct buf *b, char tag, const char *text)
{
    size_t len = strlen(text);

    pb_put_head(b, tag, len);
    buf_put(b, text, len);
}
