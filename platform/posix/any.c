/* Sockets at the "any" address: no other can be bound to their port and an address of this host. */
#include <errno.h>

#include "platform.h"

bool net_is_for_any(int fd, const struct net_addr *addr)
{
    unsigned buffer = 0;
    int other = net_bind(addr, &buffer);

    (void)fd;
    if (other >= 0)
        net_close(other);
    return other == -EADDRINUSE;
}
