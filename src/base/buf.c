#include "base/buf.h"

#include <string.h>

void buf_put(struct buf *b, const char *bytes, size_t len)
{
    if (b->full || len > b->cap - b->len) {
        b->full = true;
        return;
    }
    if (b->data)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
}

void buf_text(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    buf_put(b, &c, 1);
}

void buf_u64(struct buf *b, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_put(b, digits + at, sizeof digits - at);
}

void buf_cut(struct buf *b, size_t mark)
{
    b->len = mark;
    b->full = false;
}
