#include <string.h>
#include <windows.h>

#include "platform.h"

void *platform_memory_alloc(size_t size)
{
    return VirtualAlloc(NULL, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
}

void platform_memory_free(void *memory, size_t size)
{
    (void)size;
    VirtualFree(memory, 0, MEM_RELEASE);
}

/* ExitProcess would wait for locks of other threads. */
void platform_exit(int status)
{
    for (;;)
        TerminateProcess(GetCurrentProcess(), (UINT)status);
}

void platform_die(const char *why)
{
    platform_write_log("sockpush: ", 10);
    platform_write_log(why, strlen(why));
    platform_write_log("\n", 1);
    platform_exit(1);
}
