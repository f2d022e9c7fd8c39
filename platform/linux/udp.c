#include <netinet/in.h>
#include <sys/socket.h>

#include "platform.h"

#define IPV4_AND_UDP (20 + 8) /* bytes of the headers before the payload */
#define IPV6_AND_UDP (40 + 8)

/* Reads the path MTU of a connected socket: IP_MTU (ip(7)), IPV6_MTU (ipv6(7)). */
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
