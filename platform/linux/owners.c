/* Finds who holds a socket: /proc/PID/fd/N links to "socket:[INODE]". It takes the same user, or CAP_SYS_PTRACE and,
 * for other users' processes (fd has mode 0500), CAP_DAC_READ_SEARCH. Unreadable links are skipped. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/format.h"
#include "base/value.h"
#include "linux.h"
#include "platform.h"

/* struct linux_dirent64, getdents64(2); readdir would need an allocator. */
struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

typedef void entry_fn(void *ctx, int dir, int number);

/* Calls fn for each entry of the directory whose name is a number, and closes dir. */
static void walk_numbers(int dir, entry_fn *fn, void *ctx)
{
    _Alignas(struct entry) char buf[4096];
    long len;

    while ((len = syscall(SYS_getdents64, dir, buf, sizeof buf)) > 0)
        for (long at = 0; at < len;) {
            const struct entry *entry = (const struct entry *)(buf + at);
            int64_t number;

            if (value_count(entry->name, &number) && number <= INT32_MAX)
                fn(ctx, dir, (int)number);
            at += entry->size;
        }
    close(dir);
}

static int open_directory(int at, const char *path)
{
    return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Returns the inode in a link "socket:[4242]", or 0. */
static uint32_t socket_inode(int dir, const char *name)
{
    static const char head[] = "socket:[";
    char link[32];
    ssize_t len = readlinkat(dir, name, link, sizeof link - 1);
    int64_t inode;

    if (len <= (ssize_t)sizeof head || memcmp(link, head, sizeof head - 1) || link[len - 1] != ']')
        return 0;
    link[len - 1] = '\0';
    return value_count(link + sizeof head - 1, &inode) && inode <= UINT32_MAX ? (uint32_t)inode : 0;
}

struct walk {
    platform_owner_fn *fn;
    void *ctx;
    int pid;
};

static void look_at_descriptor(void *ctx, int dir, int fd)
{
    const struct walk *w = ctx;
    char name[12];
    uint32_t inode;

    text_format(name, sizeof name, "%d", fd);
    inode = socket_inode(dir, name);
    if (inode)
        w->fn(w->ctx, inode, w->pid, fd);
}

static void look_at_process(void *ctx, int proc, int pid)
{
    struct walk *w = ctx;
    char path[16];
    int dir;

    text_format(path, sizeof path, "%d/fd", pid);
    dir = open_directory(proc, path);
    w->pid = pid;
    if (dir >= 0)
        walk_numbers(dir, look_at_descriptor, w);
}

void platform_owner_walk(const char *proc, platform_owner_fn *fn, void *ctx)
{
    struct walk w = {.fn = fn, .ctx = ctx};
    int dir = open_directory(AT_FDCWD, proc);

    if (dir >= 0)
        walk_numbers(dir, look_at_process, &w);
}

bool platform_owner_holds(const char *proc, int pid, int fd, uint32_t inode)
{
    char path[LINUX_PATH_MAX];

    return text_format(path, sizeof path, "%s/%d/fd/%d", proc, pid, fd) && socket_inode(AT_FDCWD, path) == inode;
}
