#include "output/ring.h"

#include <string.h>

/* Returns the memory at offset `at`. *first is how many of the len bytes lie there before the end of the memory. */
static char *place(const struct ring *r, size_t at, size_t len, size_t *first)
{
    size_t from = (r->head + at) % r->cap;

    *first = len < r->cap - from ? len : r->cap - from;
    return r->bytes + from;
}

void ring_read(const struct ring *r, size_t at, void *data, size_t len)
{
    size_t first;
    const char *from = place(r, at, len, &first);

    memcpy(data, from, first);
    memcpy((char *)data + first, r->bytes, len - first);
}

void ring_write(struct ring *r, size_t at, const void *data, size_t len)
{
    size_t first;
    char *to = place(r, at, len, &first);

    memcpy(to, data, first);
    memcpy(r->bytes, (const char *)data + first, len - first);
}

void ring_append(struct ring *r, const void *data, size_t len)
{
    ring_write(r, r->used, data, len);
    r->used += len;
}

void ring_write_from(struct ring *r, size_t at, const struct ring *from, size_t from_at, size_t len)
{
    size_t first;
    const char *part = place(from, from_at, len, &first);

    ring_write(r, at, part, first);
    ring_write(r, at + first, from->bytes, len - first);
}

void ring_prepend(struct ring *r, size_t len)
{
    r->head = (r->head + r->cap - len) % r->cap;
    r->used += len;
}

void ring_skip(struct ring *r, size_t len)
{
    r->used -= len;
    r->head = r->used ? (r->head + len) % r->cap : 0;
}

void ring_move_down(struct ring *r, size_t to, size_t at, size_t len)
{
    char part[512];

    for (size_t n; len; len -= n, at += n, to += n) {
        n = len < sizeof part ? len : sizeof part;
        ring_read(r, at, part, n);
        ring_write(r, to, part, n);
    }
}

void ring_move_last(struct ring *r, size_t at, size_t size)
{
    char part[512];

    while (size) {
        size_t n = size < sizeof part ? size : sizeof part;

        ring_read(r, at, part, n);
        ring_move_down(r, at, at + n, r->used - at - n);
        ring_write(r, r->used - n, part, n);
        size -= n;
    }
}

size_t ring_move_to_front(struct ring *r, size_t need)
{
    size_t moved = r->head;

    if (r->head + r->used > r->cap || r->used + need > r->head)
        return 0;
    memmove(r->bytes, r->bytes + r->head, r->used);
    r->head = 0;
    return moved;
}
