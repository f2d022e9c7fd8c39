#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "platform.h"

extern char **environ;

char **platform_environment(void)
{
    return environ;
}

int platform_host_name(char *out, size_t cap)
{
    if (gethostname(out, cap - 1))
        return -errno;
    out[cap - 1] = '\0';
    return strcmp(out, "(none)") ? 0 : -ENOENT; /* Linux's name for a machine without one */
}
