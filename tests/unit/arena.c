/* Replaces src/base/arena.c: each piece is a separate allocation of exactly the requested size, so that the
 * sanitizers see every byte read or written past it. */
#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    void *memory;
};

void *arena_zero(struct arena *a, size_t count, size_t size)
{
    struct arena_block *block = malloc(sizeof *block);

    block->memory = calloc(count, size);
    block->next = a->blocks;
    a->blocks = block;
    return block->memory;
}

char *arena_text(struct arena *a, const char *text, size_t len)
{
    char *copy = arena_zero(a, len + 1, 1);

    memcpy(copy, text, len);
    return copy;
}

void arena_free(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;

        free(a->blocks->memory);
        free(a->blocks);
        a->blocks = next;
    }
}
