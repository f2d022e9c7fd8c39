/* What FreeBSD tells and does beyond POSIX for a stream. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/types.h>
#include <sys/filio.h> /* FIONWRITE */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "platform.h"

#define KEEP_IDLE_S     10 /* less than what a write may take: the answer tells the window anew */
#define KEEP_INTERVAL_S 5
#define KEEP_COUNT      3

/* An option that fails is one that this version has not, or the connection is gone, which the next write says. */
static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

/* Before FreeBSD 14 no limit for an acknowledgement can be set for one socket. */
void net_tcp_setup(int fd, unsigned silence_ms)
{
    (void)silence_ms;
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
#ifdef TCP_MAXUNACKTIME
    set(fd, IPPROTO_TCP, TCP_MAXUNACKTIME, (int)(silence_ms / 1000));
#endif
}

int64_t net_tcp_window(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size))
        return -1;
    return info.tcpi_snd_wnd;
}

int net_unacked(int fd, uint64_t *bytes)
{
    int n = 0;

    if (ioctl(fd, FIONWRITE, &n))
        return -errno;
    /* A reset empties the send buffer (soisdisconnected), as if all had been acknowledged. */
    *bytes = net_tcp_window(fd) < 0 && errno == ECONNRESET ? UINT64_MAX : (uint64_t)n;
    return 0;
}

/* There is no mark for the end of a segment. */
long net_tcp_send(int fd, const void *data, size_t len)
{
    return net_send_some(fd, data, len);
}
