/* Windows calls for streams. Windows reports no count of acknowledged bytes (SIO_TCP_INFO counts bytes under way, not
 * those that wait), nor does it keep a write in one segment, so a chunk counts as delivered once written. */
#include <errno.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>

#include "platform.h"

#ifndef TCP_MAXRT
#define TCP_MAXRT 5 /* ws2ipdef.h */
#endif
#define KEEP_IDLE_MS     10000
#define KEEP_INTERVAL_MS 1000 /* ten of them; older versions cannot set the number */

static void set(int fd, int level, int option, DWORD value)
{
    setsockopt((SOCKET)fd, level, option, (const char *)&value, sizeof value);
}

void net_tcp_setup(int fd, unsigned silence_ms)
{
    struct tcp_keepalive keep = {.onoff = 1, .keepalivetime = KEEP_IDLE_MS, .keepaliveinterval = KEEP_INTERVAL_MS};
    DWORD none;

    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, IPPROTO_TCP, TCP_MAXRT, silence_ms / 1000);
    WSAIoctl((SOCKET)fd, SIO_KEEPALIVE_VALS, &keep, sizeof keep, NULL, 0, &none, NULL, NULL);
}

int net_unacked(int fd, uint64_t *bytes)
{
    (void)fd, (void)bytes;
    return -EOPNOTSUPP;
}

int64_t net_tcp_window(int fd)
{
    (void)fd;
    return -1;
}

long net_tcp_send(int fd, const void *data, size_t len)
{
    return net_send_some(fd, data, len);
}
