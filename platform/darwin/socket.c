#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "posix/posix.h"

/* Sets both flags, in two calls: macOS has no flags of socket, accept and pipe for that. No process is executed in
 * between. Returns fd, or -1 and closes it. */
static int prepare(int fd)
{
    if (fd >= 0 && !fcntl(fd, F_SETFD, FD_CLOEXEC) && !fcntl(fd, F_SETFL, O_NONBLOCK))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int posix_socket(int family, int type)
{
    return prepare(socket(family, type, 0));
}

int posix_accept(int fd)
{
    return prepare(accept(fd, NULL, NULL));
}

int posix_pipe(int fd[2])
{
    if (pipe(fd))
        return -1;
    if (prepare(fd[0]) < 0) {
        close(fd[1]);
        return -1;
    }
    if (prepare(fd[1]) < 0) {
        close(fd[0]);
        return -1;
    }
    return 0;
}
