/* Finds the container as Datadog's clients do: by an id in the cgroup's path; where a cgroup namespace hides that, in
 * the mounts; else by the cgroup's inode. In the host's cgroup namespace only the path counts. */
#include <fcntl.h>
#include <unistd.h>

#include "base/format.h"
#include "container_parse.h"
#include "linux.h"
#include "platform.h"
#include "posix/lines.h"

#define READ_MAX       4096
/* The first cgroup namespace: PROC_CGROUP_INIT_INO, include/linux/proc_ns.h. */
#define HOST_NAMESPACE 0xeffffffbu

#define ROOT_INODE 1 /* inode of the hierarchy's root, where the container's cgroup is not mounted */

struct search {
    size_t (*id)(const char *line, size_t len, const char **id);
    char *out;
};

/* A line_fn that writes the line's id. */
static int find_id(void *ctx, const char *line, size_t len)
{
    const struct search *search = ctx;
    const char *id;
    size_t n = search->id(line, len, &id);

    return n && text_format(search->out, PLATFORM_CONTAINER_MAX, "ci-%.*s", (int)n, id);
}

/* A line_fn that writes the inode of the line's cgroup. Hybrid systems have both versions: there memory's is used. */
static int find_inode(void *ctx, const char *line, size_t len)
{
    const struct search *search = ctx;
    char file[LINUX_PATH_MAX];
    const char *dir, *path;
    uint64_t inode;
    size_t n;

    if (!container_cgroup_path(line, len, &dir, &path, &n) ||
        !text_format(file, sizeof file, "/sys/fs/cgroup%s%.*s", dir, (int)n, path))
        return 0;
    inode = linux_inode(file);
    return inode > ROOT_INODE && text_format(search->out, PLATFORM_CONTAINER_MAX, "in-%llu", (unsigned long long)inode);
}

static bool found(const char *path, line_fn *fn, struct search *search)
{
    char buf[READ_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    lines_read(fd, NULL, buf, sizeof buf, fn, search);
    close(fd);
    return *search->out;
}

const char *platform_container(char out[PLATFORM_CONTAINER_MAX])
{
    struct search cgroup = {container_id_of_cgroup, out}, mount = {container_id_of_mount, out};

    *out = '\0';
    if (!found("/proc/self/cgroup", find_id, &cgroup) && linux_inode("/proc/self/ns/cgroup") != HOST_NAMESPACE &&
        !found("/proc/self/mountinfo", find_id, &mount))
        found("/proc/self/cgroup", find_inode, &cgroup);
    return out;
}
