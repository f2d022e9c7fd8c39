#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "platform.h"

int net_unix_addr(const char *path, struct net_addr *out)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (*path == '@')
        return -EAFNOSUPPORT;
    if (len >= sizeof sun.sun_path)
        return -ENAMETOOLONG;
    memcpy(sun.sun_path, path, len + 1);
    memset(out, 0, sizeof *out);
    memcpy(out->bytes, &sun, sizeof sun);
    out->len = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return 0;
}
