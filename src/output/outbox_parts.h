/* Helpers that the files of the outbox share. */
#ifndef OUTBOX_PARTS_H
#define OUTBOX_PARTS_H

#include "output/outbox.h"

#define NO_POLL UINT64_MAX /* no snapshot is of it */

/* Returns the bytes of a chunk in the ring. */
static inline size_t chunk_size(const struct chunk *chunk)
{
    return sizeof *chunk + chunk->extra + chunk->len;
}

/* Counts the chunk at offset `at` as dropped, unless it was delivered. It stays in the ring. */
void outbox_count_dropped(struct outbox *box, size_t at, const struct chunk *chunk);

/* Counts the doubts as dropped, because they did not arrive. */
void outbox_drop_doubtful(struct outbox *box);

/* Removes the first chunk from the ring. It is counted as dropped unless it was delivered, or is in doubt. */
void outbox_drop_head(struct outbox *box);

/* Drops the chunks from offset `at` on, which wait, but packets at or after offset `packets` and snapshots from this
 * poll on, unless they are done. */
void outbox_drop_but(struct outbox *box, size_t at, size_t packets, uint64_t poll);

/* Skips waiting chunks that are never sent again. */
void outbox_skip_done(struct outbox *box);

#endif
