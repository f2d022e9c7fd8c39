#include <errno.h>
#include <sys/random.h>

#include "platform.h"

uint32_t platform_random(uint32_t below)
{
    uint32_t x;

    if (getrandom(&x, sizeof x, GRND_NONBLOCK) != sizeof x) /* not ready early at boot */
        x = (uint32_t)platform_monotonic_ns() * 2654435761u;
    return x % below;
}

int platform_secret(void *out, size_t len)
{
    char *at = out;

    while (len) {
        ssize_t n = getrandom(at, len, 0);

        if (n < 0 && errno != EINTR)
            return -errno;
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}
