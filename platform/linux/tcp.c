/* Linux calls for streams beyond POSIX. */
#include <linux/sockios.h> /* SIOCOUTQ */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <errno.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "platform.h"

#define KEEP_IDLE_S     10 /* less than a write may take, since the answer updates the window */
#define KEEP_INTERVAL_S 5
#define KEEP_COUNT      3

/* Sets an option. Each makes a connection better, and none is needed for it to work. */
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

/* On a Unix socket the value is memory, not bytes: more than what is unread, but 0 together with it. */
int net_unacked(int fd, uint64_t *bytes)
{
    int n;

    if (ioctl(fd, SIOCOUTQ, &n))
        return -errno;
    *bytes = (uint64_t)n;
    return 0;
}

/* tcpi_snd_wnd exists since Linux 5.4. */
int64_t net_tcp_window(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) ||
        size < offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd)
        return -1;
    return info.tcpi_snd_wnd;
}

/* Since Linux 4.7 nothing is appended to a segment sent with MSG_EOR. */
long net_tcp_send(int fd, const void *data, size_t len)
{
    ssize_t n;

    do
        n = send(fd, data, len, MSG_NOSIGNAL | MSG_EOR);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
