#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "platform.h"

/* A backslash is refused: \n marks a text that was meant as PEM. */
bool platform_is_path(const char *text)
{
    return *text == '/' && !strchr(text, '\\');
}

/* With O_NONBLOCK a FIFO without a writer is an empty file, and open does not wait. */
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

/* Waits until fd accepts bytes again, if a process that shares it made it non-blocking. Otherwise returns false. */
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

static int log_fd = -1; /* stderr, opened anew; -1: it is not */

/* Linux allows it by procfs. The flag on stderr itself would affect every process that shares it. */
void platform_open_log(void)
{
    bool file = lseek(STDERR_FILENO, 0, SEEK_CUR) >= 0; /* it shares its position, and accepts everything at once */

    log_fd = file ? -1 : open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* If the log is not opened anew, it is polled: a writable pipe has room for PIPE_BUF bytes (pipe(7)), which on Linux
 * is more than a line. The write waits only if another process fills the pipe in between, or a terminal has room for a
 * part. */
int platform_write_log(const char *line, size_t len)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (log_fd < 0 && !poll(&p, 1, 0))
        return -EAGAIN;
    return write(log_fd < 0 ? STDERR_FILENO : log_fd, line, len) < 0 ? -EAGAIN : 0;
}
