/* Winsock. A SOCKET fits into an int: handles have 32 significant bits. */
#include <errno.h>
#include <string.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>

#include "platform.h"
#include "wsa.h"

#define HEAR_READS 64

static int last_error(void)
{
    return wsa_errno((unsigned long)WSAGetLastError());
}

/* Unix sockets of Windows are streams only, and no receiver here has one: Datadog's agent has a named pipe. */
int net_unix_addr(const char *path, struct net_addr *out)
{
    (void)path, (void)out;
    return -EAFNOSUPPORT;
}

/* By select, since WSAPoll does not tell of connections that failed (before Windows 10 2004). A
 * negative timeout: for ever. */
static bool wait_for(int fd, bool write, int timeout_ms)
{
    fd_set wanted = {.fd_count = 1, .fd_array = {(SOCKET)fd}}, failed = wanted;
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};

    return select(0, write ? NULL : &wanted, write ? &wanted : NULL, write ? &failed : NULL, timeout_ms < 0 ? NULL : &timeout) > 0;
}

bool net_wait_readable(int fd, int timeout_ms)
{
    return wait_for(fd, false, timeout_ms);
}

bool net_wait_writable(int fd, int timeout_ms)
{
    return wait_for(fd, true, timeout_ms);
}

/* 0 when fd takes bytes again, or is connected or has failed to, or -ETIMEDOUT. */
static int wait_writable(int fd, uint64_t deadline_ns)
{
    uint64_t now = platform_monotonic_ns();

    return now < deadline_ns && wait_for(fd, true, (int)((deadline_ns - now) / 1000000) + 1) ? 0 : -ETIMEDOUT;
}

static int socket_error(int fd)
{
    int error = 0, len = sizeof error;

    if (getsockopt((SOCKET)fd, SOL_SOCKET, SO_ERROR, (char *)&error, &len))
        return last_error();
    return error ? wsa_errno((unsigned long)error) : 0;
}

static bool is_loopback(const struct sockaddr_storage *to)
{
    const struct sockaddr_in *in = (const void *)to;
    const struct sockaddr_in6 *in6 = (const void *)to;

    return to->ss_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) : in->sin_addr.s_net == 127;
}

/* To this machine: that no one listens is told at once, not after 2 s of asking again. Since Windows 10 1709. */
static void ask_once(int fd)
{
    TCP_INITIAL_RTO_PARAMETERS once = {.Rtt = TCP_INITIAL_RTO_UNSPECIFIED_RTT, .MaxSynRetransmissions = TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS};
    DWORD none;

    WSAIoctl((SOCKET)fd, SIO_TCP_INITIAL_RTO, &once, sizeof once, NULL, 0, &none, NULL, NULL);
}

int net_connect(const struct net_addr *addr, bool stream, int timeout_ms)
{
    struct sockaddr_storage to;
    u_long on = 1;
    int fd, ret;

    memcpy(&to, addr->bytes, sizeof to);
    fd = (int)WSASocketW(to.ss_family, stream ? SOCK_STREAM : SOCK_DGRAM, 0, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (fd == (int)INVALID_SOCKET)
        return last_error();
    ioctlsocket((SOCKET)fd, (long)FIONBIO, &on);
    if (stream && is_loopback(&to))
        ask_once(fd);
    if (!connect((SOCKET)fd, (const struct sockaddr *)&to, (int)addr->len))
        return fd;
    ret = last_error();
    if (ret == -EAGAIN) {
        ret = wait_writable(fd, platform_monotonic_ns() + (uint64_t)timeout_ms * 1000000);
        if (!ret)
            ret = socket_error(fd);
        if (!ret)
            return fd;
    }
    net_close(fd);
    return ret;
}

long net_send_some(int fd, const void *data, size_t len)
{
    int n = send((SOCKET)fd, data, (int)len, 0);

    return n < 0 ? last_error() : n;
}

long net_receive_some(int fd, void *data, size_t len)
{
    int n = recv((SOCKET)fd, data, (int)len, 0);

    return n < 0 ? last_error() : n;
}

/* Each datagram that was refused is told of where datagrams are received, as a connection's reset. */
static int refused(int fd)
{
    char none;
    long n = 0;
    int ret = 0;

    for (int i = 0; i < HEAR_READS && n != -EAGAIN; i++) {
        n = net_receive_some(fd, &none, sizeof none);
        if (n == -ECONNRESET || n == -ECONNREFUSED)
            ret = -ECONNREFUSED;
    }
    return ret;
}

int net_send(int fd, const void *data, size_t len, bool stream, int timeout_ms)
{
    uint64_t timeout_ns = (uint64_t)timeout_ms * 1000000, deadline_ns = platform_monotonic_ns() + timeout_ns;
    const char *at = data;

    if (!stream && refused(fd))
        return -ECONNREFUSED;
    for (;;) {
        long n = net_send_some(fd, at, len);

        if (n >= 0) {
            if (!stream || (size_t)n == len)
                return 0;
            at += n;
            len -= (size_t)n;
            deadline_ns = platform_monotonic_ns() + timeout_ns;
        } else {
            int ret = n == -EAGAIN ? wait_writable(fd, deadline_ns) : !stream && n == -ECONNRESET ? -ECONNREFUSED : (int)n;

            if (ret)
                return ret;
        }
    }
}

int net_pending_error(int fd)
{
    int ret = socket_error(fd);

    return ret ? ret : refused(fd);
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

int net_finish(int fd)
{
    return shutdown((SOCKET)fd, SD_SEND) ? last_error() : 0;
}

void net_close(int fd)
{
    closesocket((SOCKET)fd);
}

void net_abort(int fd)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt((SOCKET)fd, SOL_SOCKET, SO_LINGER, (const char *)&at_once, sizeof at_once);
    net_close(fd);
}
