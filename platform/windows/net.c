/* Sockets by Winsock. A SOCKET fits an int: handles have 32 significant bits. */
#include <errno.h>
#include <string.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>

#include "base/deadline.h"
#include "base/ip.h"
#include "platform.h"
#include "wsa.h"

#ifndef IP_MTU
#define IP_MTU 73 /* ws2ipdef.h, since Windows 10 */
#endif
#ifndef IPV6_MTU
#define IPV6_MTU 72
#endif
#define IPV4_AND_UDP  (20 + 8) /* bytes of the headers before the payload */
#define IPV6_AND_UDP  (40 + 8)
#define REFUSALS_READ 64

static int last_error(void)
{
    return wsa_errno((unsigned long)WSAGetLastError());
}

/* Windows' Unix sockets are streams only, and no receiver there has one: Datadog's agent has a named pipe. */
int net_unix_addr(const char *path, struct net_addr *out)
{
    (void)path, (void)out;
    return -EAFNOSUPPORT;
}

/* Waits by select, since WSAPoll reports no failed connection before Windows 10 2004. A negative timeout waits for
 * ever. Returns 1, 0 after the timeout, or -1. */
static int wait_for(int fd, bool write, int timeout_ms)
{
    fd_set wanted = {.fd_count = 1, .fd_array = {(SOCKET)fd}}, failed = wanted;
    struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};

    return select(0, write ? NULL : &wanted, write ? &wanted : NULL, write ? &failed : NULL,
                  timeout_ms < 0 ? NULL : &timeout);
}

bool net_wait_readable(int fd, int timeout_ms)
{
    return wait_for(fd, false, timeout_ms) > 0;
}

bool net_wait_writable(int fd, int timeout_ms)
{
    return wait_for(fd, true, timeout_ms) > 0;
}

/* Waits until fd accepts bytes, is connected, or has failed to connect. Returns 0 or -errno. */
static int wait_writable(int fd, uint64_t deadline_ns)
{
    int left_ms = deadline_left_ms(deadline_ns), n = left_ms ? wait_for(fd, true, left_ms) : 0;

    return n < 0 ? last_error() : n ? 0 : -ETIMEDOUT;
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

/* Turns off retries of a connection to this machine, so that a closed port is reported at once, not after 2 s. This
 * exists since Windows 10 1709. */
static void ask_once(int fd)
{
    TCP_INITIAL_RTO_PARAMETERS once = {.Rtt = TCP_INITIAL_RTO_UNSPECIFIED_RTT,
                                       .MaxSynRetransmissions = TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS};
    DWORD none;

    WSAIoctl((SOCKET)fd, SIO_TCP_INITIAL_RTO, &once, sizeof once, NULL, 0, &none, NULL, NULL);
}

static bool is_connected_to_self(int fd)
{
    struct sockaddr_storage local = {0}, remote = {0};
    int local_len = sizeof local, remote_len = sizeof remote;

    if (getsockname((SOCKET)fd, (struct sockaddr *)&local, &local_len) ||
        getpeername((SOCKET)fd, (struct sockaddr *)&remote, &remote_len))
        return false;
    return local_len == remote_len && !memcmp(&local, &remote, (size_t)local_len);
}

/* Waits until the connection is established. Returns 0 or -errno. */
static int await_connection(int fd, int timeout_ms)
{
    int ret = wait_writable(fd, deadline_in((unsigned)timeout_ms));

    return ret ? ret : socket_error(fd);
}

int net_connect(const struct net_addr *addr, bool stream, int timeout_ms)
{
    struct sockaddr_storage to;
    u_long on = 1;
    int fd, ret;

    memcpy(&to, addr->bytes, sizeof to);
    fd = (int)WSASocketW(to.ss_family, stream ? SOCK_STREAM : SOCK_DGRAM, 0, NULL, 0,
                         WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (fd == (int)INVALID_SOCKET)
        return last_error();
    ret = ioctlsocket((SOCKET)fd, (long)FIONBIO, &on) ? last_error() : 0;
    if (stream && is_loopback(&to))
        ask_once(fd);
    if (!ret && connect((SOCKET)fd, (const struct sockaddr *)&to, (int)addr->len))
        ret = last_error();
    if (ret == -EAGAIN)
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
    int n = send((SOCKET)fd, data, (int)len, 0);

    return n < 0 ? last_error() : n;
}

long net_receive_some(int fd, void *data, size_t len)
{
    int n = recv((SOCKET)fd, data, (int)len, 0);

    return n < 0 ? last_error() : n;
}

/* Returns -ECONNREFUSED if datagrams were refused, or 0. Winsock reports each refusal to the receiving side, as a
 * reset. */
static int refused(int fd)
{
    char none;
    long n = 0;
    int ret = 0;

    for (int i = 0; i < REFUSALS_READ && n != -EAGAIN; i++) {
        n = net_receive_some(fd, &none, sizeof none);
        if (n == -ECONNRESET || n == -ECONNREFUSED)
            ret = -ECONNREFUSED;
    }
    return ret;
}

int net_send(int fd, const void *data, size_t len, int timeout_ms)
{
    uint64_t deadline_ns = deadline_in((unsigned)timeout_ms);
    long n;
    int ret = refused(fd);

    if (ret)
        return ret;
    do
        n = net_send_some(fd, data, len);
    while (n == -EAGAIN && !(ret = wait_writable(fd, deadline_ns)));
    return n >= 0 ? 0 : ret ? ret : n == -ECONNRESET ? -ECONNREFUSED : (int)n;
}

size_t net_datagram_max(int fd)
{
    struct sockaddr_storage local = {0};
    int local_len = sizeof local, headers;
    DWORD mtu = 0;
    int len = sizeof mtu;
    bool failed;

    if (getsockname((SOCKET)fd, (struct sockaddr *)&local, &local_len))
        return 0;
    if (local.ss_family == AF_INET6) {
        headers = IPV6_AND_UDP;
        failed = getsockopt((SOCKET)fd, IPPROTO_IPV6, IPV6_MTU, (char *)&mtu, &len);
    } else {
        headers = IPV4_AND_UDP;
        failed = getsockopt((SOCKET)fd, IPPROTO_IP, IP_MTU, (char *)&mtu, &len);
    }
    return failed || mtu <= (DWORD)headers ? 0 : mtu - (DWORD)headers;
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
    int local_len = sizeof local, remote_len = sizeof remote;

    getsockname((SOCKET)fd, (struct sockaddr *)&local, &local_len);
    getpeername((SOCKET)fd, (struct sockaddr *)&remote, &remote_len);
    *from = ip_of(&local);
    *to = ip_of(&remote);
}

int net_pending_error(int fd)
{
    int ret = socket_error(fd);

    return ret ? ret : refused(fd);
}

int net_finish(int fd)
{
    return shutdown((SOCKET)fd, SD_SEND) ? last_error() : 0;
}

void net_close(int fd)
{
    closesocket((SOCKET)fd);
}

/* Without SO_LINGER this is net_close. */
void net_abort(int fd)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt((SOCKET)fd, SOL_SOCKET, SO_LINGER, (const char *)&at_once, sizeof at_once);
    net_close(fd);
}
