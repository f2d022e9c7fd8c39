/* Puts snapshots and packets into an outbox. */
#include "output/outbox_parts.h"

size_t outbox_room(size_t n, size_t size, size_t chunk_max, size_t lines)
{
    size_t pieces = size / FLUSH_BYTES + lines / (INCREMENTS_MAX - VALUES_MAX) + 1;
    /* Two neighbours together exceed chunk_max, or they would be one chunk, except at the last of a piece's gauges, and
     * at its end. */
    size_t chunks = 2 * (size / (chunk_max + 1) + pieces);

    return n * (size + chunks * sizeof(struct chunk) + lines * sizeof(struct increment));
}

size_t outbox_packets_room(size_t chunk_max, size_t len_max)
{
    return UNDER_WAY_MAX * (sizeof(struct chunk) + chunk_max + 1) + sizeof(struct chunk) + len_max;
}

void outbox_begin(struct outbox *box, uint64_t poll, bool adds)
{
    if (box->newest_only && !adds)
        outbox_drop_but(box, box->sent, box->sent, NO_POLL);
    box->last -= ring_move_to_front(&box->ring, box->put.size); /* it will be about as large as the last one */
    box->put = (struct put){.poll = poll, .adds = adds};
}

/* Drops what was put of the snapshot, because all of it does not fit. */
static void drop_put(struct outbox *box)
{
    struct chunk chunk;
    size_t begin = box->ring.used - box->put.size;

    for (size_t at = begin; at < box->ring.used; at += chunk_size(&chunk)) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        outbox_count_dropped(box, at, &chunk);
    }
    box->ring.used = begin;
    box->ring.head = begin ? box->ring.head : 0;
    box->put.size = box->put.open_size = 0;
    box->put.too_large = true;
}

static uint64_t head_poll(const struct outbox *box)
{
    struct chunk chunk;

    ring_read(&box->ring, 0, &chunk, sizeof chunk);
    return chunk.poll;
}

/* Drops the oldest snapshot, which is not the one that is being put. */
static void drop_oldest(struct outbox *box)
{
    uint64_t poll = head_poll(box);

    while (box->ring.used > box->put.size && head_poll(box) == poll)
        outbox_drop_head(box);
}

/* Makes room for `need` more bytes of the snapshot. Returns false if it is too large. */
static bool make_room(struct outbox *box, size_t need)
{
    while (box->ring.used > box->put.size && need > box->ring.cap - box->ring.used)
        drop_oldest(box);
    if (!box->put.too_large && need > box->ring.cap - box->ring.used)
        drop_put(box);
    return !box->put.too_large;
}

/* Adds lines to the open chunk. Returns their bytes, or 0 if the next line needs another chunk. */
static size_t extend_chunk(struct outbox *box, const char *text, size_t len, uint8_t part)
{
    struct chunk chunk;
    uint32_t n;

    if (!box->put.open_size)
        return 0;
    ring_read(&box->ring, box->ring.used - box->put.open_size, &chunk, sizeof chunk);
    if (chunk.len > box->chunk_max || chunk.part != part)
        return 0;
    len = record_pack(box->record, text, len, box->chunk_max - chunk.len, &n);
    if (chunk.len + len - 1 > box->chunk_max || !make_room(box, len))
        return 0;
    chunk.len += (uint32_t)len;
    chunk.lines += n;
    ring_write(&box->ring, box->ring.used - box->put.open_size, &chunk, sizeof chunk);
    ring_append(&box->ring, text, len);
    box->put.open_size += len;
    box->put.size += len;
    box->lines += n;
    return len;
}

/* Puts the increments of n lines, the first of which is *line, and advances *line; or counts them as dropped. */
static void put_increments(struct outbox *box, const struct lines *piece, uint32_t n, uint32_t *line, bool fits)
{
    if (fits)
        ring_append(&box->ring, piece->increment + *line, n * sizeof *piece->increment);
    else
        pending_add(box->pending, piece->increment + *line, n);
    *line += n;
}

/* Puts the lines at `at`, as many as fit, into a new chunk. Returns their bytes. */
static size_t add_chunk(struct outbox *box, const struct lines *piece, size_t at, size_t len, uint32_t *line)
{
    bool increments = box->apart && at >= piece->gauges, fits;
    struct chunk chunk = {
        .poll = box->put.poll, .index = box->put.chunks++, .part = piece->part, .increments = increments};

    chunk.len = (uint32_t)record_pack(box->record, piece->text + at, len, box->chunk_max, &chunk.lines);
    chunk.extra = (uint16_t)(increments ? chunk.lines * sizeof(struct increment) : 0);
    fits = make_room(box, chunk_size(&chunk));
    if (fits)
        ring_append(&box->ring, &chunk, sizeof chunk);
    if (increments)
        put_increments(box, piece, chunk.lines, line, fits);
    if (!fits) {
        box->dropped_lines += chunk.lines;
        return chunk.len;
    }
    ring_append(&box->ring, piece->text + at, chunk.len);
    box->put.size += chunk_size(&chunk);
    box->put.open_size = increments ? 0 : chunk_size(&chunk);
    box->lines += chunk.lines;
    if (!box->put.adds)
        box->newest_poll = chunk.poll;
    return chunk.len;
}

void outbox_add(struct outbox *box, const struct lines *piece)
{
    size_t gauges = box->apart ? piece->gauges : piece->len, added;
    uint32_t line = 0;

    for (size_t at = 0; at < piece->len; at += added) {
        size_t len = (at < gauges ? gauges : piece->len) - at;

        added = at < gauges ? extend_chunk(box, piece->text + at, len, piece->part) : 0;
        if (!added)
            added = add_chunk(box, piece, at, len, &line);
    }
}

void outbox_end(struct outbox *box)
{
    struct chunk chunk;

    for (size_t at = box->ring.used - box->put.size; at < box->ring.used; at += chunk_size(&chunk)) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        chunk.of = box->put.chunks;
        ring_write(&box->ring, at, &chunk, sizeof chunk);
    }
}

/* --- packets ------------------------------------------------------------------------- */

/* Returns true if WAITING_MAX chunks wait, or more. */
static bool many_wait(const struct outbox *box)
{
    struct chunk chunk;
    unsigned n = 0;

    for (size_t at = box->sent; at < box->ring.used && n < WAITING_MAX; at += chunk_size(&chunk), n++)
        ring_read(&box->ring, at, &chunk, sizeof chunk);
    return n == WAITING_MAX;
}

void outbox_move_packet(struct outbox *box, struct packets *from, bool first)
{
    struct packet packet;
    struct chunk chunk = {.of = 1, .packet = true, .increments = true};
    size_t need, at = 0;

    if ((!first && many_wait(box)) || !packets_oldest(from, &packet))
        return;
    chunk.poll = NO_POLL - box->packets;
    chunk.len = packet.len;
    chunk.lines = packet.lines;
    need = chunk_size(&chunk) + (first ? 0 : box->put.size);
    while (box->acked && need > box->ring.cap - box->ring.used)
        outbox_drop_head(box);
    if (need > box->ring.cap - box->ring.used)
        return;
    if (first) {
        ring_prepend(&box->ring, chunk_size(&chunk));
    } else {
        ring_move_to_front(&box->ring, chunk_size(&chunk));
        at = box->ring.used;
        box->ring.used += chunk_size(&chunk);
    }
    ring_write(&box->ring, at, &chunk, sizeof chunk);
    ring_write_from(&box->ring, at + sizeof chunk, &from->ring, sizeof packet, packet.len);
    packets_remove(from, &packet);
    box->lines += packet.lines;
    box->packets++;
}
