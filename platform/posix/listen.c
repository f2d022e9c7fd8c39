#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "platform.h"
#include "posix/posix.h"

#define BACKLOG    64
#define BUFFER_MIN 65536 /* bytes; not asked for less */

/* Opens a socket and binds it. Returns it or -errno. */
static int bound(const struct net_addr *addr, int type)
{
    struct sockaddr_storage at;
    int fd, ret;

    memcpy(&at, addr->bytes, sizeof at);
    fd = posix_socket(at.ss_family, type);
    if (fd < 0)
        return -errno;
    if (!bind(fd, (const struct sockaddr *)&at, addr->len))
        return fd;
    ret = -errno;
    net_close(fd);
    return ret;
}

/* Asks for a receive buffer. Linux' SO_RCVBUFFORCE exceeds net.core.rmem_max, and needs CAP_NET_ADMIN; SO_RCVBUF is cut
 * to that limit there, and refused above it elsewhere (ENOBUFS above kern.ipc.maxsockbuf). */
static void ask_for_buffer(int fd, unsigned bytes)
{
    int ask = (int)bytes;

#ifdef SO_RCVBUFFORCE
    if (!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &ask, sizeof ask))
        return;
#endif
    while (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &ask, sizeof ask) && ask > BUFFER_MIN)
        ask /= 2;
}

int net_bind(const struct net_addr *addr, unsigned *buffer)
{
    int fd = bound(addr, SOCK_DGRAM), given = 0;
    socklen_t len = sizeof given;

    if (fd < 0)
        return fd;
    ask_for_buffer(fd, *buffer);
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &given, &len);
    *buffer = (unsigned)given;
    return fd;
}

int net_listen(const struct net_addr *addr)
{
    int fd = bound(addr, SOCK_STREAM), ret;

    if (fd < 0 || !listen(fd, BACKLOG))
        return fd;
    ret = -errno;
    net_close(fd);
    return ret;
}

int net_accept(int fd)
{
    int stream;

    do
        stream = posix_accept(fd);
    while (stream < 0 && (errno == EINTR || errno == ECONNABORTED));
    return stream < 0 ? -errno : stream;
}
