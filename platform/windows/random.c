#include <errno.h>
#include <windows.h>
#include <bcrypt.h>

#include "platform.h"

int platform_secret(void *out, size_t len)
{
    return BCryptGenRandom(NULL, out, (ULONG)len, BCRYPT_USE_SYSTEM_PREFERRED_RNG) < 0 ? -EIO : 0;
}

uint32_t platform_random(uint32_t below)
{
    uint32_t x;

    if (platform_secret(&x, sizeof x))
        x = (uint32_t)platform_monotonic_ns() *
            2654435761u; /* good enough for pauses and ports; no system is known to need it */
    return x % below;
}
