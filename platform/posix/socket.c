#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "posix/posix.h"

int posix_socket(int family, int type)
{
    return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int posix_accept(int fd)
{
    return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int posix_pipe(int fd[2])
{
    return pipe2(fd, O_CLOEXEC | O_NONBLOCK);
}
