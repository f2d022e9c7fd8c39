#include <errno.h>
#include <unistd.h>
#include <Availability.h>
#include <sys/random.h> /* in macOS 11 it needs the two above */

#include "platform.h"

#define GETENTROPY_MAX 256

uint32_t platform_random(uint32_t below)
{
    uint32_t x;

    if (getentropy(&x, sizeof x))
        x = (uint32_t)platform_monotonic_ns() *
            2654435761u; /* good enough for pauses and ports; no system is known to need it */
    return x % below;
}

int platform_secret(void *out, size_t len)
{
    for (char *at = out; len;) {
        size_t n = len < GETENTROPY_MAX ? len : GETENTROPY_MAX;

        if (getentropy(at, n))
            return -errno;
        at += n;
        len -= n;
    }
    return 0;
}
