#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform.h"
#include "posix/posix.h"

/* Connects to the socket as a sender of datagrams, of which a program that accepts streams notices nothing: the kernel
 * answers EPROTOTYPE. Returns 0 if a program has the socket, -ECONNREFUSED if none has, or another -errno. */
static int probe(const char *path)
{
    struct net_addr addr;
    int ret = net_unix_addr(path, &addr), fd;

    if (ret)
        return ret;
    fd = net_connect(&addr, false, 0);
    if (fd >= 0)
        net_close(fd);
    /* EPERM: Linux' answer for a socket that is connected to another */
    return fd >= 0 || fd == -EPROTOTYPE || fd == -EPERM ? 0 : fd;
}

int net_unix_remove_stale(const char *path)
{
    struct stat status;
    int ret;

    if (*path == '@')
        return 0;
    if (lstat(path, &status))
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    ret = probe(path);
    if (!ret)
        return -EADDRINUSE;
    if (ret == -ECONNREFUSED)
        ret = unlink(path) ? -errno : 0;
    return ret == -ENOENT ? 0 : ret;
}

/* bind makes the file with the mode that umask leaves, mostly 0755, and who may not write cannot send. */
int net_unix_open_to_all(const char *path, struct net_file *file)
{
    struct stat status;

    *file = (struct net_file){0};
    if (*path == '@')
        return 0;
    if (lstat(path, &status))
        return -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EEXIST;
    file->device = (uint64_t)status.st_dev;
    file->inode = status.st_ino;
    return chmod(path, 0722) ? -errno : 0;
}

static bool is_file(const struct stat *status, const struct net_file *file)
{
    return (uint64_t)status->st_dev == file->device && status->st_ino == file->inode;
}

bool net_unix_leads_to(const char *path, const struct net_file *file)
{
    struct stat status;

    return *path != '@' && !stat(path, &status) && is_file(&status, file);
}

void net_unix_remove(const char *path, const struct net_file *file)
{
    struct stat status;

    if (*path != '@' && !lstat(path, &status) && is_file(&status, file))
        unlink(path);
}
