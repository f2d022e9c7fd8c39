/* Chunks on their way: taken, sent, acknowledged, and forgotten or sent again. */
#include "output/outbox_parts.h"

#define IN_HAND UINT64_MAX /* position of a chunk that was taken and not sent yet */

void outbox_skip_done(struct outbox *box)
{
    struct chunk chunk;

    while (outbox_waiting(box)) {
        ring_read(&box->ring, box->sent, &chunk, sizeof chunk);
        if (!chunk.done)
            return;
        chunk.end = 0;
        ring_write(&box->ring, box->sent, &chunk, sizeof chunk);
        box->sent += chunk_size(&chunk);
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

    outbox_skip_done(box);
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

/* A chunk that was moved after younger ones is found after them. */
uint64_t outbox_oldest(const struct outbox *box)
{
    struct chunk chunk;

    for (size_t at = box->acked; at < box->ring.used; at += chunk_size(&chunk)) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        if (!chunk.counted && !chunk.packet)
            return chunk.poll;
    }
    return 0;
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
    box->sent += chunk_size(&next);
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

    for (; box->acked < box->sent; box->acked += chunk_size(&chunk)) {
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

    for (size_t at = box->acked ? 0 : box->sent; at < box->ring.used; at += chunk_size(&chunk)) {
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
        outbox_drop_head(box);
    }
    box->mixed &= box->ring.used > 0;
}

void outbox_rewind(struct outbox *box)
{
    outbox_drop_doubtful(box);
    box->sent = box->acked = 0;
    box->n_under_way = 0;
    if (box->newest_only)
        outbox_drop_but(box, 0, 0, box->newest_poll);
}
