/* The receive queue of a UDP socket: how full it is, and what the kernel dropped. */
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux.h"
#include "platform.h"
#include "posix/lines.h"
#include "procfs_parse.h"

/* A socket that is looked for in a table. */
struct search {
    uint64_t inode;
    struct net_queue *out;
    bool found;
};

/* A line_fn that stops at the socket's row. */
static int look_at(void *ctx, const char *line, size_t len)
{
    struct search *s = ctx;

    s->found = procfs_parse_queue(line, len, s->inode, s->out);
    return s->found;
}

static void look_in(const char *path, struct search *s)
{
    char buf[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    lines_read(fd, NULL, buf, sizeof buf, look_at, s);
    close(fd);
}

bool linux_queue_in_tables(int fd, struct net_queue *out)
{
    struct search s = {.out = out};
    struct stat status;
    int limit = 0;
    socklen_t len = sizeof limit;

    if (fstat(fd, &status) || getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &limit, &len))
        return false;
    s.inode = status.st_ino;
    look_in("/proc/self/net/udp", &s);
    if (!s.found)
        look_in("/proc/self/net/udp6", &s);
    out->limit = (uint32_t)limit;
    return s.found;
}

/* Reads SK_MEMINFO_* of linux/sock_diag.h. Kernels before 4.12 return ENOPROTOOPT. */
bool net_queue_read(int fd, struct net_queue *out)
{
    uint32_t info[SK_MEMINFO_DROPS + 1];
    socklen_t len = sizeof info;

    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) || len < sizeof info)
        return linux_queue_in_tables(fd, out);
    *out = (struct net_queue){info[SK_MEMINFO_RMEM_ALLOC], info[SK_MEMINFO_RCVBUF], info[SK_MEMINFO_DROPS]};
    return true;
}
