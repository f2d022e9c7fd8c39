/* Finds chunks that a receiver refuses, or that break its connections. */
#include "output/outbox_parts.h"

/* Counts the chunk at offset `at` as dropped. It stays in the ring, and is skipped. */
static void drop_at(struct outbox *box, size_t at, struct chunk *chunk)
{
    outbox_count_dropped(box, at, chunk);
    chunk->counted = chunk->done = true;
    ring_write(&box->ring, at, chunk, sizeof *chunk);
}

bool outbox_refuse(struct outbox *box)
{
    bool single = box->n_under_way + box->doubts.n == 1;
    struct chunk chunk;

    for (size_t at = box->acked; at < box->sent; at += chunk_size(&chunk)) {
        ring_read(&box->ring, at, &chunk, sizeof chunk);
        chunk.alone = true;
        if (chunk.end && single)
            drop_at(box, at, &chunk);
        else
            ring_write(&box->ring, at, &chunk, sizeof chunk);
    }
    outbox_rewind(box);
    outbox_skip_done(box);
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
    box->sent -= chunk_size(chunk);
    ring_move_last(&box->ring, at, chunk_size(chunk));
    box->mixed = true;
    return false;
}

bool outbox_strike(struct outbox *box, unsigned strikes_max)
{
    bool single = box->n_under_way + box->doubts.n == 1;
    struct chunk chunk;

    box->troubled |= box->n_under_way > 0;
    for (size_t at = box->acked; at < box->sent; at += chunk_size(&chunk)) {
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
