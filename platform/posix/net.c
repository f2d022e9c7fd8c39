#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/ip.h"
#include "platform.h"
#include "posix/posix.h"

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

/* Waits until fd accepts bytes, or is connected. Returns 0 or -errno. */
static int wait_writable(int fd, uint64_t deadline_ns)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int left_ms = deadline_left_ms(deadline_ns), ret = left_ms ? posix_poll(&p, 1, left_ms) : 0;

    if (ret < 0)
        return errno == EINTR ? 0 : -errno;
    return ret ? 0 : -ETIMEDOUT;
}

/* Returns true if the socket is connected to itself: Linux and others may give a client the port that it connects to
 * (simultaneous open, RFC 9293, 3.5). Returns false without addresses: getpeername fails once the peer is gone. */
static bool is_connected_to_self(int fd)
{
    struct sockaddr_storage local = {0}, remote = {0};
    socklen_t local_len = sizeof local, remote_len = sizeof remote;

    if (getsockname(fd, (struct sockaddr *)&local, &local_len) ||
        getpeername(fd, (struct sockaddr *)&remote, &remote_len))
        return false;
    return local.ss_family != AF_UNIX && local_len == remote_len && !memcmp(&local, &remote, local_len);
}

/* Waits until the connection is established. Returns 0 or -errno. */
static int await_connection(int fd, int timeout_ms)
{
    int ret = wait_writable(fd, deadline_in((unsigned)timeout_ms));

    return ret ? ret : net_pending_error(fd);
}

int net_connect(const struct net_addr *addr, bool stream, int timeout_ms)
{
    struct sockaddr_storage to;
    int fd, ret;

    memcpy(&to, addr->bytes, sizeof to);
    fd = posix_socket(to.ss_family, stream ? SOCK_STREAM : SOCK_DGRAM);
    if (fd < 0)
        return -errno;
    ret = connect(fd, (const struct sockaddr *)&to, addr->len) ? -errno : 0;
    if (ret == -EINPROGRESS)
        ret = await_connection(fd, timeout_ms);
    if (!ret && is_connected_to_self(fd)) {
        net_abort(fd); /* the port is free at once for a listener */
        return -ECONNREFUSED;
    }
    if (!ret)
        return fd;
    net_close(fd);
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

int net_send(int fd, const void *data, size_t len, int timeout_ms)
{
    uint64_t deadline_ns = deadline_in((unsigned)timeout_ms);
    long n;
    int ret = 0;

    do
        n = net_send_some(fd, data, len);
    while (n == -EAGAIN && !(ret = wait_writable(fd, deadline_ns)));
    return n >= 0 ? 0 : ret ? ret : (int)n;
}

int net_pending_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) ? -errno : -error;
}

static struct ip ip_of(const struct sockaddr_storage *address)
{
    struct ip ip = {.version = address->ss_family == AF_INET6 ? 6 : 4};

    if (ip.version == 6)
        memcpy(ip.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    else
        memcpy(ip.bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
    return ip;
}

/* An address that cannot be read is 0.0.0.0. */
void net_ends(int fd, struct ip *from, struct ip *to)
{
    struct sockaddr_storage local = {0}, remote = {0};
    socklen_t local_len = sizeof local, remote_len = sizeof remote;

    getsockname(fd, (struct sockaddr *)&local, &local_len);
    getpeername(fd, (struct sockaddr *)&remote, &remote_len);
    *from = ip_of(&local);
    *to = ip_of(&remote);
}

int net_finish(int fd)
{
    return shutdown(fd, SHUT_WR) ? -errno : 0;
}

void net_close(int fd)
{
    close(fd);
}

/* Closes with a reset. If SO_LINGER is refused, closes as net_close does. */
void net_abort(int fd)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}
