#include <errno.h>
#include <unistd.h>

#include "platform.h"

int platform_host_name(char *out, size_t cap)
{
    if (gethostname(out, cap - 1))
        return -errno;
    out[cap - 1] = '\0';
    return 0;
}

int platform_write(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}
