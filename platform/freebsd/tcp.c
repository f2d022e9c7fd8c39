/* FreeBSD calls for streams beyond POSIX. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/types.h>
#include <sys/filio.h> /* FIONWRITE */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "platform.h"

#define KEEP_IDLE_S     10 /* less than a write may take, since the answer updates the window */
#define KEEP_INTERVAL_S 5
#define KEEP_COUNT      3

/* Sets an option. It fails if this version lacks it, or if the connection is gone, which the next write reports. */
static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

/* silence_ms can be set for one socket since FreeBSD 14 only. */
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
    /* A reset empties the send buffer (soisdisconnected), as if everything had been acknowledged. */
    *bytes = net_tcp_window(fd) < 0 && errno == ECONNRESET ? UINT64_MAX : (uint64_t)n;
    return 0;
}

/* FreeBSD has no flag that ends a segment. */
long net_tcp_send(int fd, const void *data, size_t len)
{
    return net_send_some(fd, data, len);
}
