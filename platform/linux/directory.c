/* Walks through directories without an allocator, which readdir would need. */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/value.h"
#include "linux.h"
#include "platform.h"

int linux_open_directory(int at, const char *path)
{
    int dir = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return dir < 0 ? -errno : dir;
}

int linux_walk(int dir, linux_entry_fn *fn, void *ctx)
{
    _Alignas(struct linux_entry) char buf[4096];
    long len;

    if (dir < 0)
        return dir;
    while ((len = syscall(SYS_getdents64, dir, buf, sizeof buf)) > 0)
        for (long at = 0; at < len;) {
            const struct linux_entry *entry = (const struct linux_entry *)(buf + at);

            fn(ctx, dir, entry);
            at += entry->size;
        }
    if (len < 0)
        len = -errno;
    close(dir);
    return (int)len;
}

int linux_entry_number(const struct linux_entry *entry)
{
    int64_t number;

    return value_count(entry->name, &number) && number <= INT32_MAX ? (int)number : -1;
}

struct name_walk {
    platform_name_fn *fn;
    void *ctx;
};

static void take_name(void *ctx, int dir, const struct linux_entry *entry)
{
    const struct name_walk *w = ctx;

    (void)dir;
    w->fn(w->ctx, entry->name);
}

int platform_directory_walk(const char *path, platform_name_fn *fn, void *ctx)
{
    struct name_walk w = {fn, ctx};

    return linux_walk(linux_open_directory(AT_FDCWD, path), take_name, &w);
}
