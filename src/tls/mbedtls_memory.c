/* Memory for mbedTLS: blocks of one space, the free ones in a list by their address, so that neighbours join again.
 * What a stranger's certificate took in small pieces is one piece when it is given back. Each thread, that is each
 * output, has its share and no more, so a stranger takes nothing of the others'. Of the space as much is resident as
 * was in use at once. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mbedtls/platform.h>

#include "encode/counters.h"
#include "platform.h"
#include "tls/mbedtls.h"

#define SHARE                                                                                                         \
    (384u << 10) /* a connection takes some 130 KiB at most, and an output has two while it looks for a better target \
                  */
#define SPACE ((OUTPUTS_MAX + 1) * SHARE)

/* Before each block. */
struct head {
    _Alignas(16) size_t size; /* bytes, this included */
    struct head *next;        /* of a free one */
};

static struct {
    pthread_mutex_t lock;
    struct head *free; /* the first */
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local size_t taken; /* by this thread, which gives back what it took itself */

static struct head *end_of(struct head *block)
{
    return (struct head *)(void *)((unsigned char *)block + block->size);
}

/* The first that is large enough; what is left of it stays. */
static struct head *take(size_t size)
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

static void give(struct head *block)
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

    if ((each && bytes / each != count) || bytes > SHARE || size > SHARE - taken)
        return NULL;
    pthread_mutex_lock(&memory.lock);
    block = take(size);
    pthread_mutex_unlock(&memory.lock);
    if (!block)
        return NULL;
    taken += block->size;
    return memset(block + 1, 0, block->size - sizeof *block);
}

void tls_memory_free(void *data)
{
    struct head *block = data ? (struct head *)data - 1 : NULL;

    if (!block)
        return;
    taken -= block->size;
    pthread_mutex_lock(&memory.lock);
    give(block);
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
