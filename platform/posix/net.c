#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform.h"

int net_unix_addr(const char *path, struct net_addr *out)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (len >= sizeof sun.sun_path)
        return -ENAMETOOLONG;
    memcpy(sun.sun_path, path, len + 1);
    memset(out, 0, sizeof *out);
    if (*path == '@') {
        sun.sun_path[0] = '\0'; /* abstract names are not NUL-terminated */
        out->len = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + len);
    } else {
        out->len = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    }
    memcpy(out->bytes, &sun, sizeof sun);
    return 0;
}

int net_connect(const struct net_addr *addr, bool stream)
{
    struct sockaddr_storage to;
    int type = stream ? SOCK_STREAM : SOCK_DGRAM, fd, ret;

    memcpy(&to, addr->bytes, sizeof to);
    fd = socket(to.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (!connect(fd, (const struct sockaddr *)&to, addr->len))
        return fd;
    ret = -errno;
    close(fd);
    return ret;
}

/* 0 when fd takes bytes again, or -errno. */
static int wait_writable(int fd, uint64_t deadline_ns)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    uint64_t now = platform_monotonic_ns();
    int ret = now < deadline_ns ? poll(&p, 1, (int)((deadline_ns - now) / 1000000) + 1) : 0;

    if (ret < 0)
        return errno == EINTR ? 0 : -errno;
    return ret ? 0 : -ETIMEDOUT;
}

int net_send(int fd, const void *data, size_t len, bool stream, int timeout_ms)
{
    uint64_t timeout_ns = (uint64_t)timeout_ms * 1000000, deadline_ns = platform_monotonic_ns() + timeout_ns;
    const char *at = data;

    for (;;) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        int ret = n < 0 ? -errno : 0;

        if (n >= 0) {
            if (!stream || (size_t)n == len)
                return 0;
            at += n;
            len -= (size_t)n;
            deadline_ns = platform_monotonic_ns() + timeout_ns;
        } else if (ret == -EAGAIN) {
            ret = wait_writable(fd, deadline_ns);
            if (ret)
                return ret;
        } else if (ret != -EINTR) {
            return ret;
        }
    }
}

int net_pending_error(int fd, bool stream)
{
    int error = 0;
    socklen_t len = sizeof error;
    char thrown_away[256];

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
        return -errno;
    if (error)
        return -error;
    while (stream) {
        ssize_t n = recv(fd, thrown_away, sizeof thrown_away, MSG_DONTWAIT);

        if (n == 0)
            return -EPIPE;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
    }
    return 0;
}

void net_close(int fd)
{
    close(fd);
}
