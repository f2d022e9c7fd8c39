#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform.h"
#include "posix/posix.h"

#define HEAR_READS 64

static bool wait_for(int fd, short events, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = events};

    return posix_poll(&p, 1, timeout_ms) > 0;
}

bool net_wait_readable(int fd, int timeout_ms)
{
    return wait_for(fd, POLLIN, timeout_ms);
}

bool net_wait_writable(int fd, int timeout_ms)
{
    return wait_for(fd, POLLOUT, timeout_ms);
}

/* 0 when fd takes bytes again, or is connected, or -errno. */
static int wait_writable(int fd, uint64_t deadline_ns)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    uint64_t now = platform_monotonic_ns();
    int ret = now < deadline_ns ? posix_poll(&p, 1, (int)((deadline_ns - now) / 1000000) + 1) : 0;

    if (ret < 0)
        return errno == EINTR ? 0 : -errno;
    return ret ? 0 : -ETIMEDOUT;
}

int net_connect(const struct net_addr *addr, bool stream, int timeout_ms)
{
    struct sockaddr_storage to;
    int fd, ret;

    memcpy(&to, addr->bytes, sizeof to);
    fd = posix_socket(to.ss_family, stream ? SOCK_STREAM : SOCK_DGRAM);
    if (fd < 0)
        return -errno;
    if (!connect(fd, (const struct sockaddr *)&to, addr->len))
        return fd;
    ret = -errno;
    if (ret == -EINPROGRESS) {
        ret = wait_writable(fd, platform_monotonic_ns() + (uint64_t)timeout_ms * 1000000);
        if (!ret)
            ret = net_pending_error(fd);
        if (!ret)
            return fd;
    }
    close(fd);
    return ret;
}

long net_send_some(int fd, const void *data, size_t len)
{
    ssize_t n;

    do
        n = send(fd, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

long net_receive_some(int fd, void *data, size_t len)
{
    ssize_t n;

    do
        n = recv(fd, data, len, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int net_send(int fd, const void *data, size_t len, bool stream, int timeout_ms)
{
    uint64_t timeout_ns = (uint64_t)timeout_ms * 1000000, deadline_ns = platform_monotonic_ns() + timeout_ns;
    const char *at = data;

    for (;;) {
        long n = net_send_some(fd, at, len);

        if (n >= 0) {
            if (!stream || (size_t)n == len)
                return 0;
            at += n;
            len -= (size_t)n;
            deadline_ns = platform_monotonic_ns() + timeout_ns;
        } else {
            int ret = n == -EAGAIN ? wait_writable(fd, deadline_ns) : (int)n;

            if (ret)
                return ret;
        }
    }
}

int net_pending_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) ? -errno : -error;
}

int net_hear(int fd)
{
    char thrown_away[1024];

    for (int i = 0; i < HEAR_READS; i++) {
        long n = net_receive_some(fd, thrown_away, sizeof thrown_away);

        if (n <= 0)
            return n == 0 ? -EPIPE : n == -EAGAIN ? 0 : (int)n;
    }
    return 0;
}

const uint64_t net_unnoticed_ns = 0; /* all of them tell */

int net_finish(int fd)
{
    return shutdown(fd, SHUT_WR) ? -errno : 0;
}

void net_close(int fd)
{
    close(fd);
}

void net_abort(int fd)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}
