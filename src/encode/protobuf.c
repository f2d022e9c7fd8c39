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

char *pb_write_varint(char *at, uint64_t n)
{
    for (; n >= 128; n >>= 7)
        *at++ = (char)(n | 128);
    *at++ = (char)n;
    return at;
}

char *pb_write_fixed64(char *at, char tag, uint64_t n)
{
    *at++ = tag;
    for (unsigned i = 0; i < sizeof n; i++)
        *at++ = (char)(n >> 8 * i);
    return at;
}

char *pb_write_head(char *at, char tag, size_t content)
{
    *at++ = tag;
    return pb_write_varint(at, content);
}

void pb_put_head(struct buf *b, char tag, size_t content)
{
    char bytes[PB_HEAD_MAX];

    buf_put(b, bytes, (size_t)(pb_write_head(bytes, tag, content) - bytes));
}

void pb_put_text(struct buf *b, char tag, const char *text)
{
    size_t len = strlen(text);

    pb_put_head(b, tag, len);
    buf_put(b, text, len);
}

static bool take_varint(const char **at, const char *end, uint64_t *out)
{
    const char *from = *at;

    *out = 0;
    for (unsigned shift = 0; from < end && shift < 64; shift += 7) {
        *out |= (uint64_t)(*from & 0x7f) << shift;
        if (!(*from++ & 0x80)) {
            *at = from;
            return true;
        }
    }
    return false;
}

bool pb_next(const char **at, const char *end, struct pb_field *out)
{
    const char *from = *at;
    uint64_t tag, len;

    if (from == end || !take_varint(&from, end, &tag) || tag >> 3 > UINT32_MAX)
        return false;
    *out = (struct pb_field){.number = (uint32_t)(tag >> 3)};
    switch (tag & 7) {
    case 0:
        if (!take_varint(&from, end, &out->value))
            return false;
        *at = from;
        return true;
    case 1: len = 8; break;
    case 2:
        if (!take_varint(&from, end, &len))
            return false;
        out->bytes = from;
        break;
    case 5: len = 4; break;
    default: return false;
    }
    if (len > (size_t)(end - from)) {
        if (!out->bytes)
            return false;
        len = (uint64_t)(end - from);
    }
    out->len = out->bytes ? (size_t)len : 0;
    *at = from + len;
    return true;
}
