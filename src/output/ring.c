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

void ring_skip(struct ring *r, size_t len)
{
    r->used -= len;
    r->head = r->used ? (r->head + len) % r->cap : 0;
}

void ring_move_last(struct ring *r, size_t at, size_t size)
{
    char part[512], next[512];

    while (size) {
        size_t n = size < sizeof part ? size : sizeof part, more;

        ring_read(r, at, part, n);
        for (size_t from = at + n; from < r->used; from += more) {
            more = r->used - from < sizeof next ? r->used - from : sizeof next;
            ring_read(r, from, next, more);
            ring_write(r, from - n, next, more);
        }
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
