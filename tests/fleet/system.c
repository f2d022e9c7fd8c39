/* The platform's functions of time and memory, for the instance that runs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fleet/fleet.h"

#define PAGE   4096
#define MEMORY 1048576 /* bytes reserved for an instance */

uint64_t platform_monotonic_ns(void)
{
    return clock_ns;
}

int64_t platform_wall_ms(void)
{
    return (int64_t)(clock_ns / MS);
}

void platform_sleep_ns(uint64_t ns)
{
    uint64_t until_ns = clock_ns + ns;

    while (clock_ns < until_ns)
        node_wait(until_ns);
}

void platform_wake(void)
{
}

const char *platform_error_text(int error)
{
    return strerror(error);
}

/* Takes from one reservation, so that a scenario's memory can be given back at once: system_free. */
static char *reserved;
static size_t used;

void *platform_memory_alloc(size_t size)
{
    size_t room = (size_t)n_nodes * MEMORY, at = used;

    if (!reserved)
        reserved = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    used += (size + PAGE - 1) / PAGE * PAGE;
    return reserved == MAP_FAILED || used > room ? NULL : reserved + at;
}

void platform_memory_free(void *memory, size_t size)
{
    (void)memory, (void)size;
}

void system_free(void)
{
    if (madvise(reserved, used, MADV_DONTNEED))
        abort();
    used = 0;
}

_Noreturn void platform_die(const char *why)
{
    fputs(why, stderr);
    abort();
}

int platform_write_log(const char *line, size_t len)
{
    return write(STDERR_FILENO, line, len) < 0 ? -errno : 0;
}
