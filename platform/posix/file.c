#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "platform.h"

#define LOG_TIMEOUT_MS 100

/* No backslash: \n tells of a text that was to be PEM. */
bool platform_is_path(const char *text)
{
    return *text == '/' && !strchr(text, '\\');
}

int platform_file_open(const char *path, bool create)
{
    int fd = open(path, create ? O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);

    return fd < 0 ? -errno : fd;
}

void platform_file_close(int fd)
{
    close(fd);
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

/* Whoever shares the file's description may have made it non-blocking: waits until it takes
 * bytes again, but for the log not for ever. */
static bool wait_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return errno == EAGAIN && poll(&p, 1, fd == STDERR_FILENO ? LOG_TIMEOUT_MS : -1);
}

int platform_write(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && (errno == EINTR || wait_writable(fd)))
            continue;
        if (n < 0)
            return -errno;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}
