#include <netinet/in.h>
#include <sys/socket.h>

#include "platform.h"

#define IPV4_AND_UDP (20 + 8) /* bytes of the headers before a datagram's */
#define IPV6_AND_UDP (40 + 8)

/* IP_MTU, IPV6_MTU: what the kernel knows of a connected socket's path (ip(7), ipv6(7)). */
size_t net_datagram_max(int fd)
{
    struct sockaddr_storage local = {0};
    socklen_t local_len = sizeof local, len = sizeof(int);
    int mtu = 0, headers;
    bool failed;

    if (getsockname(fd, (struct sockaddr *)&local, &local_len))
        return 0;
    if (local.ss_family == AF_INET6) {
        headers = IPV6_AND_UDP;
        failed = getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &len);
    } else {
        headers = IPV4_AND_UDP;
        failed = getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len);
    }
    return failed || mtu <= headers ? 0 : (size_t)(mtu - headers);
}
