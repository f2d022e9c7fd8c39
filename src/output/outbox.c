#include "output/outbox.h"

#define IN_HAND UINT64_MAX /* position of a chunk that was taken and not sent yet */
#define NO_POLL UINT64_MAX /* no snapshot is of it */

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

static size_t size_of(const struct chunk *chunk)
{
    return sizeof *chunk + chunk->extra + chunk->len;
}

/* --- dropping -------------------------------------------------------------------- */

/* Counts the chunk at offset `at` as dropped, unless it was delivered. */
static void count_dropped(struct outbox *box, size_t at, const struct chunk *chunk)
{
    struct increment one;

    if (chunk->counted)
        return;
    box->lines -= chunk->lines;
    box->dropped_lines += chunk->lines;
    for (size_t i = 0; i < chunk->extra; i += sizeof one) {
        ring_read(&box->ring, at + sizeof *chunk + i, &one, sizeof one);
        pending_add(box->pending, &one, 1);
    }
}

/* Moves the first chunk to the doubts: whether it arrives is known when it is acknowledged, or when the connection
 * ends. */
static void count_doubtful(struct outbox *box, const struct chunk *chunk)
{
    struct increment *increment;

    box->n_under_way--;
    if (chunk->counted)
        return;
    increment = doubts_add(&box->doubts, chunk->end, chunk->lines, chunk->extra / sizeof *increment);
    ring_read(&box->ring, sizeof *chunk, increment, chunk->extra);
    box->lines -= chunk->lines;
}

/* Counts the doubts as dropped, because they did not arrive. */
static void drop_doubtful(struct outbox *box)
{
    box->dropped_lines += doubts_drop(&box->doubts, box->pending);
}

static void drop_head(struct outbox *box)
{
    struct chunk chunk;
    size_t size;

    ring_read(&box->ring, 0, &chunk, sizeof chunk);
    size = size_of(&chunk);
    if (!box->acked && box->sent && chunk.end)
        count_doubtful(box, &chunk);
    else if (!box->acked)
        count_dropped(box, 0, &chunk);
    box->sent -= box->sent ? size : 0;
    box->acked -= box->acked ? size : 0;
    ring_skip(&box->ring, size);
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
        drop_head(box);
}

/* Drops the chunks from offset `at` on, which wait, but packets at or after offset `packets` and snapshots from this
 * poll on, unless they are done. */
static void drop_but(struct outbox *box, size_t at, size_t packets, uint64_t poll)
{
    struct chunk chunk;
    size_t kept = at;

    for (; at < box->ring.used; at += size_of(&chunk)) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        if (chunk.done || (chunk.packet ? at < packets : chunk.poll < poll)) {
            count_dropped(box, at, &chunk);
            continue;
        }
        ring_move_down(&box->ring, kept, at, size_of(&chunk));
        kept += size_of(&chunk);
    }
    box->ring.used = kept;
    if (!kept)
        box->ring.head = 0;
}

void outbox_clear(struct outbox *box)
{
    size_t waiting = box->sent;

    drop_doubtful(box);
    box->sent = box->acked;
    box->n_under_way = 0;
    drop_but(box, box->sent, waiting, NO_POLL);
}

/* --- putting ---------------------------------------------------------------------- */

void outbox_begin(struct outbox *box, uint64_t poll, bool adds)
{
    if (box->newest_only && !adds)
        drop_but(box, box->sent, box->sent, NO_POLL);
    box->last -= ring_move_to_front(&box->ring, box->put.size); /* it will be about as large as the last one */
    box->put = (struct put){.poll = poll, .adds = adds};
}

/* Drops what was put of the snapshot, because all of it does not fit. */
static void drop_put(struct outbox *box)
{
    struct chunk chunk;
    size_t begin = box->ring.used - box->put.size;

    for (size_t at = begin; at < box->ring.used; at += size_of(&chunk)) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        count_dropped(box, at, &chunk);
    }
    box->ring.used = begin;
    box->ring.head = begin ? box->ring.head : 0;
    box->put.size = box->put.open_size = 0;
    box->put.too_large = true;
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
    fits = make_room(box, size_of(&chunk));
    if (fits)
        ring_append(&box->ring, &chunk, sizeof chunk);
    if (increments)
        put_increments(box, piece, chunk.lines, line, fits);
    if (!fits) {
        box->dropped_lines += chunk.lines;
        return chunk.len;
    }
    ring_append(&box->ring, piece->text + at, chunk.len);
    box->put.size += size_of(&chunk);
    box->put.open_size = increments ? 0 : size_of(&chunk);
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

    for (size_t at = box->ring.used - box->put.size; at < box->ring.used; at += size_of(&chunk)) {
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

    for (size_t at = box->sent; at < box->ring.used && n < WAITING_MAX; at += size_of(&chunk), n++)
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
    need = size_of(&chunk) + (first ? 0 : box->put.size);
    while (box->acked && need > box->ring.cap - box->ring.used)
        drop_head(box);
    if (need > box->ring.cap - box->ring.used)
        return;
    if (first) {
        ring_prepend(&box->ring, size_of(&chunk));
    } else {
        ring_move_to_front(&box->ring, size_of(&chunk));
        at = box->ring.used;
        box->ring.used += size_of(&chunk);
    }
    ring_write(&box->ring, at, &chunk, sizeof chunk);
    ring_write_from(&box->ring, at + sizeof chunk, &from->ring, sizeof packet, packet.len);
    packets_remove(from, &packet);
    box->lines += packet.lines;
    box->packets++;
}

/* --- on its way --------------------------------------------------------------------- */

/* Skips chunks that are never sent again. */
static void skip_done(struct outbox *box)
{
    struct chunk chunk;

    while (outbox_waiting(box)) {
        ring_read(&box->ring, box->sent, &chunk, sizeof chunk);
        if (!chunk.done)
            return;
        chunk.end = 0;
        ring_write(&box->ring, box->sent, &chunk, sizeof chunk);
        box->sent += size_of(&chunk);
    }
}

static bool has_to_be_alone(const struct outbox *box, const struct chunk *chunk)
{
    return chunk->alone || chunk->passed || (chunk->suspected && box->troubled);
}

bool outbox_ready(struct outbox *box)
{
    unsigned others = box->n_under_way + box->doubts.n;
    struct chunk chunk;

    skip_done(box);
    if (!outbox_waiting(box) || others >= UNDER_WAY_MAX)
        return false;
    ring_read(&box->ring, box->sent, &chunk, sizeof chunk);
    return !others || !(has_to_be_alone(box, &chunk) || box->lonely);
}

bool outbox_peek(struct outbox *box, struct chunk *next)
{
    if (!outbox_ready(box))
        return false;
    ring_read(&box->ring, box->sent, next, sizeof *next);
    return true;
}

bool outbox_next_joins(struct outbox *box, const struct chunk *before)
{
    struct chunk next;

    return outbox_peek(box, &next) && next.poll == before->poll && next.part == before->part;
}

bool outbox_take(struct outbox *box, struct chunk *chunk, char *data, size_t room)
{
    struct chunk next;

    if (!outbox_peek(box, &next) || next.len > room)
        return false;
    next.end = IN_HAND;
    if (next.copies < UINT8_MAX)
        next.copies++;
    ring_write(&box->ring, box->sent, &next, sizeof next);
    ring_read(&box->ring, box->sent + sizeof next + next.extra, data, next.len);
    box->last = (box->ring.head + box->sent) % box->ring.cap;
    box->sent += size_of(&next);
    box->n_under_way++;
    box->lonely = has_to_be_alone(box, &next);
    *chunk = next;
    return true;
}

void outbox_sent(struct outbox *box, uint64_t end)
{
    size_t at = (box->last + box->ring.cap - box->ring.head) % box->ring.cap;
    struct chunk chunk;

    if (box->sent) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        chunk.end = end;
        ring_write(&box->ring, at, &chunk, sizeof chunk);
    }
    doubts_sent(&box->doubts, IN_HAND, end);
}

void outbox_acked(struct outbox *box, uint64_t end, uint64_t now_ns)
{
    struct chunk chunk;

    for (; box->acked < box->sent; box->acked += size_of(&chunk)) {
        ring_read(&box->ring, box->acked, &chunk, sizeof chunk);
        if (chunk.end > end)
            break;
        box->n_under_way -= chunk.end > 0;
        if (!chunk.counted) {
            box->lines -= chunk.lines;
            box->delivered_lines += chunk.lines;
            box->troubled = false;
            chunk.acked_ns = now_ns;
        }
        chunk.counted = true;
        chunk.done |= chunk.increments;
        ring_write(&box->ring, box->acked, &chunk, sizeof chunk);
    }
    box->delivered_lines += doubts_deliver(&box->doubts, end);
}

/* Marks old chunks as done. They may come after younger ones. */
static void finish_old(struct outbox *box, uint64_t before_ns, unsigned copies)
{
    struct chunk chunk;

    for (size_t at = box->acked ? 0 : box->sent; at < box->ring.used; at += size_of(&chunk)) {
        if (at == box->acked)
            at = box->sent;
        if (at == box->ring.used)
            return;
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        chunk.done |= chunk.counted && chunk.acked_ns <= before_ns && chunk.copies >= copies;
        ring_write(&box->ring, at, &chunk, sizeof chunk);
    }
}

void outbox_forget(struct outbox *box, uint64_t before_ns, unsigned copies)
{
    struct chunk chunk;

    if (box->mixed)
        finish_old(box, before_ns, copies);
    while (box->acked || (box->ring.used && !box->sent)) {
        ring_read(&box->ring, 0, &chunk, sizeof chunk);
        if (!chunk.counted || (!chunk.done && (chunk.acked_ns > before_ns || chunk.copies < copies)))
            break;
        drop_head(box);
    }
    box->mixed &= box->ring.used > 0;
}

void outbox_rewind(struct outbox *box)
{
    drop_doubtful(box);
    box->sent = box->acked = 0;
    box->n_under_way = 0;
    if (box->newest_only)
        drop_but(box, 0, 0, box->newest_poll);
}

/* --- breaks and refusals -------------------------------------------- */

/* Counts the chunk at offset `at` as dropped. It stays in the ring, and is skipped. */
static void drop_at(struct outbox *box, size_t at, struct chunk *chunk)
{
    count_dropped(box, at, chunk);
    chunk->counted = chunk->done = true;
    ring_write(&box->ring, at, chunk, sizeof *chunk);
}

bool outbox_refuse(struct outbox *box)
{
    bool single = box->n_under_way + box->doubts.n == 1;
    struct chunk chunk;

    for (size_t at = box->acked; at < box->sent; at += size_of(&chunk)) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        chunk.alone = true;
        if (chunk.end && single)
            drop_at(box, at, &chunk);
        else
            ring_write(&box->ring, at, &chunk, sizeof chunk);
    }
    outbox_rewind(box);
    skip_done(box);
    outbox_acked(box, 0, 0);
    outbox_forget(box, 0, 0);
    return single;
}

/* Moves a chunk that broke a connection although it was alone to the end. Returns true if it is dropped instead, since
 * others were delivered each time. */
static bool suspect(struct outbox *box, size_t at, struct chunk *chunk, unsigned strikes_max)
{
    if (chunk->passed && box->delivered_lines >= chunk->passed)
        chunk->strikes++;
    if (chunk->strikes >= 2 * strikes_max) {
        drop_at(box, at, chunk);
        return true;
    }
    chunk->passed = box->delivered_lines + 1;
    ring_write(&box->ring, at, chunk, sizeof *chunk);
    box->sent -= size_of(chunk);
    ring_move_last(&box->ring, at, size_of(chunk));
    box->mixed = true;
    return false;
}

bool outbox_strike(struct outbox *box, unsigned strikes_max)
{
    bool single = box->n_under_way + box->doubts.n == 1;
    struct chunk chunk;

    box->troubled |= box->n_under_way > 0;
    for (size_t at = box->acked; at < box->sent; at += size_of(&chunk)) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        if (!chunk.end)
            continue;
        if (single && chunk.suspected)
            return suspect(box, at, &chunk, strikes_max);
        if (chunk.strikes < strikes_max)
            chunk.strikes++;
        chunk.suspected |= chunk.strikes >= strikes_max;
        ring_write(&box->ring, at, &chunk, sizeof chunk);
    }
    return false;
}
