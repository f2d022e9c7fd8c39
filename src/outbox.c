#include "outbox.h"

#include <string.h>

size_t pack_lines(const char *lines, size_t len, size_t max, uint32_t *n)
{
    size_t packed = 0;

    *n = 0;
    while (packed < len) {
        const char *end = memchr(lines + packed, '\n', len - packed);
        size_t next = end ? (size_t)(end - lines) + 1 : len;

        if (next - 1 > max)
            break;
        packed = next;
        ++*n;
    }
    return packed;
}

size_t outbox_room(size_t n, size_t size, size_t chunk_max)
{
    /* Two neighbours together are longer than chunk_max, or they would be one. */
    size_t chunks = 2 * (size / (chunk_max + 1)) + 1;

    return n * (size + chunks * sizeof(struct chunk));
}

static void copy_in(struct outbox *box, const void *data, size_t len)
{
    size_t at = (box->head + box->used) % box->cap;
    size_t first = len < box->cap - at ? len : box->cap - at;

    memcpy(box->ring + at, data, first);
    memcpy(box->ring, (const char *)data + first, len - first);
    box->used += len;
}

static void copy_out(const struct outbox *box, void *data, size_t len)
{
    size_t first = len < box->cap - box->head ? len : box->cap - box->head;

    memcpy(data, box->ring + box->head, first);
    memcpy((char *)data + first, box->ring, len - first);
}

static void remove_head(struct outbox *box, size_t len)
{
    box->used -= len;
    /* Else head would walk on, and make every page of a ring resident that holds little. */
    box->head = box->used ? (box->head + len) % box->cap : 0;
}

static void drop_oldest(struct outbox *box)
{
    struct chunk chunk;
    uint64_t poll;

    copy_out(box, &chunk, sizeof chunk);
    poll = chunk.poll;
    while (box->used && chunk.poll == poll) {
        remove_head(box, sizeof chunk + chunk.len);
        box->lines -= chunk.lines;
        box->dropped_lines += chunk.lines;
        if (box->used)
            copy_out(box, &chunk, sizeof chunk);
    }
}

void outbox_clear(struct outbox *box)
{
    while (box->used)
        drop_oldest(box);
}

void outbox_put(struct outbox *box, uint64_t poll, const char *lines, size_t len)
{
    struct chunk chunk = {.poll = poll};
    size_t need = 0;

    for (size_t at = 0; at < len; chunk.of++) {
        size_t packed = pack_lines(lines + at, len - at, box->chunk_max, &chunk.lines);

        if (!packed)
            return; /* a line longer than promised */
        need += sizeof chunk + packed;
        at += packed;
    }
    if (box->newest_only)
        outbox_clear(box);
    while (box->used && need > box->cap - box->used)
        drop_oldest(box);
    for (; len; chunk.index++) {
        chunk.len = (uint32_t)pack_lines(lines, len, box->chunk_max, &chunk.lines);
        if (need > box->cap) {
            box->dropped_lines += chunk.lines;
        } else {
            copy_in(box, &chunk, sizeof chunk);
            copy_in(box, lines, chunk.len);
            box->lines += chunk.lines;
        }
        lines += chunk.len;
        len -= chunk.len;
    }
}

bool outbox_take(struct outbox *box, struct chunk *chunk, char *data)
{
    if (!box->used)
        return false;
    copy_out(box, chunk, sizeof *chunk);
    remove_head(box, sizeof *chunk);
    copy_out(box, data, chunk->len);
    remove_head(box, chunk->len);
    box->lines -= chunk->lines;
    return true;
}
