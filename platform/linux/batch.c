#include <errno.h>
#include <sys/socket.h>

#include "platform.h"

/* The headers are made anew for each call, because the kernel and the C library write into them. */
int net_receive_batch(int fd, struct net_batch *out)
{
    struct mmsghdr message[NET_BATCH] = {0};
    struct iovec room[NET_BATCH];
    int n;

    for (int i = 0; i < NET_BATCH; i++) {
        room[i] = (struct iovec){.iov_base = out->bytes[i], .iov_len = NET_DATAGRAM_MAX};
        message[i].msg_hdr.msg_iov = &room[i];
        message[i].msg_hdr.msg_iovlen = 1;
    }
    do
        n = recvmmsg(fd, message, NET_BATCH, MSG_DONTWAIT, NULL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        out->len[i] = (uint16_t)message[i].msg_len;
        out->cut[i] = (message[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    }
    return n;
}
