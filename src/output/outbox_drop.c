/* Drops lines from an outbox, and counts them. */
#include "output/outbox_parts.h"

void outbox_count_dropped(struct outbox *box, size_t at, const struct chunk *chunk)
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

void outbox_drop_doubtful(struct outbox *box)
{
    box->dropped_lines += doubts_drop(&box->doubts, box->pending);
}

void outbox_drop_head(struct outbox *box)
{
    struct chunk chunk;
    size_t size;

    ring_read(&box->ring, 0, &chunk, sizeof chunk);
    size = chunk_size(&chunk);
    if (!box->acked && box->sent && chunk.end)
        count_doubtful(box, &chunk);
    else if (!box->acked)
        outbox_count_dropped(box, 0, &chunk);
    box->sent -= box->sent ? size : 0;
    box->acked -= box->acked ? size : 0;
    ring_skip(&box->ring, size);
}

void outbox_drop_but(struct outbox *box, size_t at, size_t packets, uint64_t poll)
{
    struct chunk chunk;
    size_t kept = at;

    for (; at < box->ring.used; at += chunk_size(&chunk)) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        if (chunk.done || (chunk.packet ? at < packets : chunk.poll < poll)) {
            outbox_count_dropped(box, at, &chunk);
            continue;
        }
        ring_move_down(&box->ring, kept, at, chunk_size(&chunk));
        kept += chunk_size(&chunk);
    }
    box->ring.used = kept;
    if (!kept)
        box->ring.head = 0;
}

void outbox_clear(struct outbox *box)
{
    size_t waiting = box->sent;

    outbox_drop_doubtful(box);
    box->sent = box->acked;
    box->n_under_way = 0;
    outbox_drop_but(box, box->sent, waiting, NO_POLL);
}
