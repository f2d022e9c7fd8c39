/* What Linux tells and does beyond POSIX for a stream. */
#include <linux/sockios.h> /* SIOCOUTQ */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "platform.h"

#define KEEP_IDLE_S     10 /* less than what a write may take: the answer tells the window anew */
#define KEEP_INTERVAL_S 5
#define KEEP_COUNT      3

/* Each of these makes a connection better; none is needed for it to work. */
static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

void net_tcp_setup(int fd, unsigned silence_ms)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)silence_ms);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
}

/* Of a Unix socket it is memory, not bytes: more than what is unread, and 0 with it. */
int net_unacked(int fd, uint64_t *bytes)
{
    int n;

    if (ioctl(fd, SIOCOUTQ, &n))
        return -errno;
    *bytes = (uint64_t)n;
    return 0;
}

/* tcpi_snd_wnd: since Linux 5.4. */
int64_t net_tcp_window(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) ||
        size < offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd)
        return -1;
    return info.tcpi_snd_wnd;
}

/* MSG_EOR: since Linux 4.7 nothing is appended to a segment that ends so. */
long net_tcp_send(int fd, const void *data, size_t len)
{
    ssize_t n;

    do
        n = send(fd, data, len, MSG_NOSIGNAL | MSG_EOR);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
