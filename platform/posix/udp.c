/* POSIX has no call for a path's MTU. */
#include "platform.h"

size_t net_datagram_max(int fd)
{
    (void)fd;
    return 0;
}
