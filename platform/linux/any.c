/* Sockets at the "any" address. It is asked in the sandbox, which forbids bind(2). */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ip.h"
#include "platform.h"

/* Returns true if the address is this host's: datagrams to it are sent from it (RFC 6724, section 5, rule 1). */
static bool is_own(const struct net_addr *addr)
{
    struct ip from, to;
    int fd = net_connect(addr, false, 0);

    if (fd < 0)
        return false;
    net_ends(fd, &from, &to);
    net_close(fd);
    return !memcmp(from.bytes, to.bytes, sizeof to.bytes);
}

/* is_own fails for a host's second address of IPv4, from which nothing is sent. But an interface's address has to be
 * this host's, as ip(7) says of IP_MULTICAST_IF. */
bool net_is_for_any(int fd, const struct net_addr *addr)
{
    int only_six = -1; /* a socket of IPv4 does not know it */
    socklen_t len = sizeof only_six;
    struct sockaddr_in to;

    memcpy(&to, addr->bytes, sizeof to);
    getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_six, &len);
    if (to.sin_family == AF_INET)
        return only_six < 1 && !setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &to.sin_addr, sizeof to.sin_addr);
    return only_six >= 0 && is_own(addr);
}
