#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "platform.h"

int platform_file_open(const char *path, bool create)
{
    int fd = open(path, create ? O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fd;
}

long platform_file_read(int fd, void *out, size_t len)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = read(fd, (char *)out + got, len - got);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (!n)
            break;
        got += n > 0 ? (size_t)n : 0;
    }
    return (long)got;
}

int platform_write(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}
