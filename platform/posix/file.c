#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "platform.h"

/* No backslash: \n tells of a text that was to be PEM. */
bool platform_is_path(const char *text)
{
    return *text == '/' && !strchr(text, '\\');
}

/* O_NONBLOCK: a FIFO that nobody writes to is an empty file, and not waited for. */
int platform_file_open(const char *path, bool create)
{
    int fd = open(path, create ? O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC : O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0600);

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

/* Whoever shares the file's description may have made it non-blocking: waits until it takes bytes again. */
static bool wait_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    return errno == EAGAIN && poll(&p, 1, -1) > 0;
}

int platform_write(int fd, const void *data, size_t len, size_t *written)
{
    const char *at = data;
    int ret = 0;

    while (len && !ret) {
        ssize_t n = write(fd, at, len);

        if (n >= 0) {
            at += n;
            len -= (size_t)n;
        } else if (errno != EINTR && !wait_writable(fd)) {
            ret = -errno;
        }
    }
    if (written)
        *written = (size_t)(at - (const char *)data);
    return ret;
}

/* Making stderr non-blocking would make it so for all who share it. Where Linux lets it be opened anew, that is our
 * own. */
static int open_log(void)
{
    if (lseek(STDERR_FILENO, 0, SEEK_CUR) >= 0) /* a file, whose position is shared; it takes all at once */
        return -1;
    return open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Where the log cannot be opened anew it is polled: a pipe that can be written to has room for PIPE_BUF bytes
 * (pipe(7)), and on Linux a line is shorter. The write waits only if another process fills the pipe just then, or a
 * terminal has room for a part of the line. */
int platform_write_log(const char *line, size_t len)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    int fd = open_log();
    ssize_t n = -1;

    if (fd < 0 && poll(&p, 1, 0) <= 0)
        return -EAGAIN;
    n = write(fd < 0 ? STDERR_FILENO : fd, line, len);
    if (fd >= 0)
        close(fd);
    return n < 0 ? -EAGAIN : 0;
}
