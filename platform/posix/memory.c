#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform.h"

void *platform_memory_alloc(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return memory == MAP_FAILED ? NULL : memory;
}

void platform_memory_free(void *memory, size_t size)
{
    munmap(memory, size);
}

void platform_exit(int status)
{
    _exit(status);
}

void platform_die(const char *why)
{
    platform_write_log("sockpush: ", 10);
    platform_write_log(why, strlen(why));
    platform_write_log("\n", 1);
    _exit(1);
}
