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
