#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/dns.h"
#include "platform.h"
#include "posix/posix.h"

_Static_assert(sizeof(struct sockaddr_storage) <= sizeof((struct net_addr){0}.bytes), "net_addr is too small");

void posix_make_addr(struct net_addr *out, const struct scoped_ip *scoped, uint16_t port)
{
    const struct ip *ip = &scoped->ip;
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memset(out, 0, sizeof *out);
    if (ip->version == 4) {
        memcpy(&sin.sin_addr, ip->bytes, 4);
        memcpy(out->bytes, &sin, out->len = sizeof sin);
    } else {
        if (*scoped->zone)
            sin6.sin6_scope_id = posix_zone_index(scoped->zone);
        memcpy(&sin6.sin6_addr, ip->bytes, 16);
        memcpy(out->bytes, &sin6, out->len = sizeof sin6);
    }
}
