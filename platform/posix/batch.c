/* POSIX receives datagrams one by one, and has no call for what a queue dropped. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "platform.h"

static int receive_one(int fd, struct net_batch *out, int i)
{
    struct iovec room = {.iov_base = out->bytes[i], .iov_len = NET_DATAGRAM_MAX};
    struct msghdr message = {.msg_iov = &room, .msg_iovlen = 1};
    ssize_t n;

    do
        n = recvmsg(fd, &message, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    out->len[i] = (uint16_t)n;
    out->cut[i] = (message.msg_flags & MSG_TRUNC) != 0;
    return 0;
}

/* An error after a datagram is met again by the next call, or was one of that moment. */
int net_receive_batch(int fd, struct net_batch *out)
{
    for (int i = 0; i < NET_BATCH; i++) {
        int ret = receive_one(fd, out, i);

        if (ret)
            return i ? i : ret;
    }
    return NET_BATCH;
}

bool net_queue_read(int fd, struct net_queue *out)
{
    (void)fd, (void)out;
    return false;
}
