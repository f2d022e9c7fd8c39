#include "base/arena.h"

#include <stdint.h>
#include <string.h>

#include "platform.h"

#define PIECE 65536 /* bytes of a block that small requests share */
#define LARGE 16384 /* so many bytes or more get a block for themselves, so that what is used lies together */

static const char no_memory[] =
    "no memory: lower SOCKPUSH_MAX_SERIES, SOCKPUSH_PORTS, SOCKPUSH_BUFFER or SOCKPUSH_LISTEN_MEMORY";

/* Lies in a shared block that is as old or older, since the first page of a large one may never be used. */
struct arena_block {
    struct arena_block *next; /* an older one */
    void *memory;
    size_t size; /* bytes */
};

static size_t aligned(size_t size)
{
    return (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
}

static void *allocate(size_t size)
{
    void *memory = size > SIZE_MAX / 2 ? NULL : platform_memory_alloc(size);

    if (!memory)
        platform_die(no_memory);
    return memory;
}

static void note(struct arena *a, struct arena_block *block, void *memory, size_t size)
{
    *block = (struct arena_block){.next = a->blocks, .memory = memory, .size = size};
    a->blocks = block;
}

/* Takes size bytes, aligned and less than LARGE, from the shared block. */
static void *take(struct arena *a, size_t size)
{
    if (size > a->left) {
        size_t head = aligned(sizeof(struct arena_block));
        char *memory = allocate(PIECE);

        note(a, (struct arena_block *)memory, memory, PIECE);
        a->at = memory + head;
        a->left = PIECE - head;
    }
    a->at += size;
    a->left -= size;
    return a->at - size;
}

void *arena_zero(struct arena *a, size_t count, size_t size)
{
    size_t wanted;
    void *memory;

    if (__builtin_mul_overflow(count, size, &wanted) || wanted > SIZE_MAX / 4)
        platform_die(no_memory);
    wanted = aligned(wanted);
    if (wanted < LARGE)
        return take(a, wanted);
    memory = allocate(wanted);
    note(a, take(a, aligned(sizeof(struct arena_block))), memory, wanted);
    return memory;
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
        struct arena_block block = *a->blocks;

        platform_memory_free(block.memory, block.size);
        a->blocks = block.next;
    }
    a->left = 0;
}
