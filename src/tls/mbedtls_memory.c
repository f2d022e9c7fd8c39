/* An allocator for mbedTLS: one region of blocks. Free blocks form a list by address, so that neighbours merge. Each
 * thread, which is each output, gets at most SHARE, so a hostile receiver cannot starve other outputs. Only what was in
 * use at once is resident. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mbedtls/platform.h>

#include "input/counters.h"
#include "platform.h"
#include "tls/mbedtls.h"

#define SHARE (384u << 10) /* bytes of an output, for two connections of up to 130 KiB */
#define SPACE ((OUTPUTS_MAX + 1) * SHARE)

/* Header of a block. */
struct head {
    _Alignas(16) size_t size; /* bytes, header included */
    struct head *next;        /* next free block */
};

static struct {
    pthread_mutex_t lock;
    struct head *free; /* the first one */
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local size_t allocated; /* bytes of this thread, which frees what it allocates */

static struct head *end_of(struct head *block)
{
    return (struct head *)(void *)((unsigned char *)block + block->size);
}

/* Removes the first free block that is large enough from the list, and splits off the rest. Returns it, or NULL. */
static struct head *alloc_block(size_t size)
{
    struct head **at = &memory.free, *block, *rest;

    while (*at && (*at)->size < size)
        at = &(*at)->next;
    block = *at;
    if (!block)
        return NULL;
    if (block->size - size < 2 * sizeof *block) {
        *at = block->next;
        return block;
    }
    rest = (struct head *)(void *)((unsigned char *)block + size);
    rest->size = block->size - size;
    rest->next = block->next;
    *at = rest;
    block->size = size;
    return block;
}

static void join_next(struct head *block)
{
    if (!block->next || end_of(block) != block->next)
        return;
    block->size += block->next->size;
    block->next = block->next->next;
}

static void free_block(struct head *block)
{
    struct head *before = NULL;

    for (struct head *at = memory.free; at && at < block; at = at->next)
        before = at;
    block->next = before ? before->next : memory.free;
    *(before ? &before->next : &memory.free) = block;
    join_next(block);
    if (before)
        join_next(before);
}

void *tls_memory_alloc(size_t count, size_t each)
{
    size_t bytes = count * each,
           size = (bytes + 2 * sizeof(struct head) - 1) / sizeof(struct head) * sizeof(struct head);
    struct head *block;

    if ((each && bytes / each != count) || bytes > SHARE || size > SHARE - allocated)
        return NULL;
    pthread_mutex_lock(&memory.lock);
    block = alloc_block(size);
    pthread_mutex_unlock(&memory.lock);
    if (!block)
        return NULL;
    allocated += block->size;
    return memset(block + 1, 0, block->size - sizeof *block);
}

void tls_memory_free(void *data)
{
    struct head *block = data ? (struct head *)data - 1 : NULL;

    if (!block)
        return;
    allocated -= block->size;
    pthread_mutex_lock(&memory.lock);
    free_block(block);
    pthread_mutex_unlock(&memory.lock);
}

bool tls_memory_init(void)
{
    struct head *all = platform_memory_alloc(SPACE);

    if (!all)
        return false;
    all->size = SPACE;
    all->next = NULL;
    memory.free = all;
    return !mbedtls_platform_set_calloc_free(tls_memory_alloc, tls_memory_free);
}
