#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "platform.h"

#define PIECE 65536 /* bytes of a block; a larger request gets a block for itself */

static const char no_memory[] =
    "no memory: lower SOCKPUSH_MAX_SERIES, SOCKPUSH_PORTS, SOCKPUSH_BUFFER or SOCKPUSH_LISTEN_MEMORY";

struct arena_block {
    struct arena_block *next;
    size_t size, used; /* bytes, this header included */
};

static size_t aligned(size_t size)
{
    return (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
    struct arena_block *block = size > SIZE_MAX / 2 ? NULL : platform_memory_alloc(size);

    if (!block)
        platform_die(no_memory);
    *block = (struct arena_block){.next = a->blocks, .size = size, .used = aligned(sizeof *block)};
    a->blocks = block;
    return block;
}

void *arena_zero(struct arena *a, size_t count, size_t size)
{
    size_t head = aligned(sizeof(struct arena_block)), wanted;
    struct arena_block *block = a->blocks;
    char *at;

    if (__builtin_mul_overflow(count, size, &wanted) || wanted > SIZE_MAX / 4)
        platform_die(no_memory);
    wanted = aligned(wanted);
    if (!block || wanted > block->size - block->used)
        block = add_block(a, wanted > PIECE - head ? wanted + head : PIECE);
    at = (char *)block + block->used;
    block->used += wanted;
    return at;
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

        platform_memory_free(a->blocks, a->blocks->size);
        a->blocks = next;
    }
}
