/* Memory for mbedTLS: blocks of powers of two, each size with a list of its free ones. What one
 * connection gave back fits the next exactly, so it never fragments; of a block as much is resident
 * as was written to. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include <mbedtls/platform.h>

#include "platform.h"
#include "tls/mbedtls.h"

#define SPACE (2u << 20) /* addresses; a connection shakes hands in some 130 KiB of them */
#define SIZES 17         /* the largest block: 64 KiB */
#define SMALLEST 5

/* Before each block; while it is free, it is in the list. */
struct head {
    _Alignas(16) struct head *next;
    unsigned size; /* its logarithm */
};

static struct {
    pthread_mutex_t lock;
    unsigned char *space;
    size_t used;
    struct head *free[SIZES];
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct head *take(unsigned size)
{
    struct head *head = memory.free[size];

    if (head) {
        memory.free[size] = head->next;
        return head;
    }
    if (!memory.space || SPACE - memory.used < (size_t)1 << size)
        return NULL;
    head = (struct head *)(void *)(memory.space + memory.used);
    memory.used += (size_t)1 << size;
    head->size = size;
    return head;
}

void *tls_memory_take(size_t count, size_t each)
{
    size_t bytes = count * each;
    unsigned size = SMALLEST;
    struct head *head;

    if (each && bytes / each != count)
        return NULL;
    while (size < SIZES && ((size_t)1 << size) - sizeof *head < bytes)
        size++;
    if (size == SIZES)
        return NULL;
    pthread_mutex_lock(&memory.lock);
    head = take(size);
    pthread_mutex_unlock(&memory.lock);
    return head ? memset(head + 1, 0, bytes) : NULL;
}

void tls_memory_give(void *block)
{
    struct head *head;

    if (!block)
        return;
    head = (struct head *)block - 1;
    pthread_mutex_lock(&memory.lock);
    head->next = memory.free[head->size];
    memory.free[head->size] = head;
    pthread_mutex_unlock(&memory.lock);
}

bool tls_memory_init(void)
{
    memory.space = platform_memory_take(SPACE);
    return memory.space && !mbedtls_platform_set_calloc_free(tls_memory_take, tls_memory_give);
}
