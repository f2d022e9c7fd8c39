/* The layout (sockpush.ld) has a segment for what only the start needs, in pages of its own; processors without a
 * layout have none. */
#include <sys/mman.h>
#include <unistd.h>

#include "platform.h"

extern const char start_only[] __attribute__((weak, visibility("hidden")));
extern const char start_only_end[] __attribute__((weak, visibility("hidden")));

void platform_forget_start(void)
{
    uintptr_t page = (uintptr_t)getpagesize() - 1, start = (uintptr_t)start_only & ~page;

    if (start)
        munmap((void *)start, (size_t)((((uintptr_t)start_only_end + page) & ~page) - start));
}
