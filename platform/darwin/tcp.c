/* macOS calls for streams beyond POSIX. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "platform.h"

#define KEEP_IDLE_S     10 /* less than a write may take, since the answer updates the window */
#define KEEP_INTERVAL_S 5
#define KEEP_COUNT      3

static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

void net_tcp_setup(int fd, unsigned silence_ms)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, IPPROTO_TCP, TCP_RXT_CONNDROPTIME, (int)(silence_ms / 1000));
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPALIVE, KEEP_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
}

int net_unacked(int fd, uint64_t *bytes)
{
    int n = 0;
    socklen_t size = sizeof n;

    if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &n, &size))
        return -errno;
    *bytes = (uint64_t)n;
    return 0;
}

int64_t net_tcp_window(int fd)
{
    struct tcp_connection_info info;
    socklen_t size = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_CONNECTION_INFO, &info, &size))
        return -1;
    return info.tcpi_snd_wnd;
}

/* macOS has no flag that ends a segment. */
long net_tcp_send(int fd, const void *data, size_t len)
{
    return net_send_some(fd, data, len);
}
