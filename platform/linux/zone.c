/* Asks by ioctl, since the C library's if_nametoindex needs a Unix socket. On failure there is no such interface. */
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/format.h"
#include "base/value.h"
#include "posix/posix.h"

uint32_t posix_zone_index(const char *zone)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {0};
    int64_t number = 0;

    if (!value_count(zone, &number) && text_format(request.ifr_name, sizeof request.ifr_name, "%s", zone) &&
        !ioctl(fd, SIOCGIFINDEX, &request))
        number = request.ifr_ifindex;
    close(fd);
    return (uint32_t)number;
}
