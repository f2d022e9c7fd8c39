/* Finds who holds a socket: /proc/PID/fd/N links to "socket:[INODE]". It takes the same user, or CAP_SYS_PTRACE and,
 * for other users' processes (fd has mode 0500), CAP_DAC_READ_SEARCH. Unreadable links are skipped. */
#include <fcntl.h>
#include <unistd.h>

#include "base/format.h"
#include "linux.h"
#include "owners_parse.h"
#include "platform.h"

/* Returns the inode of the socket that the link leads to, or 0. */
static uint32_t socket_inode(int dir, const char *name)
{
    char link[32];
    ssize_t len = readlinkat(dir, name, link, sizeof link);

    return len > 0 ? owners_socket_inode(link, (size_t)len) : 0;
}

struct walk {
    platform_owner_fn *fn;
    void *ctx;
    int pid;
};

static void look_at_descriptor(void *ctx, int dir, const struct linux_entry *entry)
{
    const struct walk *w = ctx;
    int fd = linux_entry_number(entry);
    uint32_t inode = fd < 0 ? 0 : socket_inode(dir, entry->name);

    if (inode)
        w->fn(w->ctx, inode, w->pid, fd);
}

static void look_at_process(void *ctx, int proc, const struct linux_entry *entry)
{
    struct walk *w = ctx;
    char path[16];

    w->pid = linux_entry_number(entry);
    if (w->pid < 0)
        return;
    text_format(path, sizeof path, "%d/fd", w->pid);
    linux_walk(linux_open_directory(proc, path), look_at_descriptor, w);
}

void platform_owner_walk(const char *proc, platform_owner_fn *fn, void *ctx)
{
    struct walk w = {.fn = fn, .ctx = ctx};

    linux_walk(linux_open_directory(AT_FDCWD, proc), look_at_process, &w);
}

bool platform_owner_holds(const char *proc, int pid, int fd, uint32_t inode)
{
    char path[LINUX_PATH_MAX];

    return text_format(path, sizeof path, "%s/%d/fd/%d", proc, pid, fd) && socket_inode(AT_FDCWD, path) == inode;
}
