/* What macOS tells and does beyond POSIX for a stream. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "platform.h"

#define DROP_S 20      /* without an acknowledgement */
#define KEEP_IDLE_S 10 /* less than what a write may take: the answer tells the window anew */
#define KEEP_INTERVAL_S 5
#define KEEP_COUNT 3

static void set(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

void net_tcp_setup(int fd)
{
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, IPPROTO_TCP, TCP_RXT_CONNDROPTIME, DROP_S);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPALIVE, KEEP_IDLE_S);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
}

uint64_t net_unacked(int fd)
{
    int bytes = 0;
    socklen_t size = sizeof bytes;

    return getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &size) || bytes < 0 ? 0 : (uint64_t)bytes;
}

/* Counted from the last acknowledged byte. */
bool net_tcp_room(int fd, size_t len, uint32_t *window_max)
{
    struct tcp_connection_info info;
    socklen_t size = sizeof info;
    uint64_t taken = net_unacked(fd);

    if (getsockopt(fd, IPPROTO_TCP, TCP_CONNECTION_INFO, &info, &size))
        return true;
    if (info.tcpi_snd_wnd > *window_max)
        *window_max = info.tcpi_snd_wnd;
    return taken + (len < *window_max ? len : *window_max) <= info.tcpi_snd_wnd;
}

/* There is no mark for the end of a segment. */
long net_tcp_send(int fd, const void *data, size_t len)
{
    return net_send_some(fd, data, len);
}
