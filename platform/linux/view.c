#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/format.h"
#include "linux.h"
#include "platform.h"

const char platform_name[] = "linux";
const char platform_tried[] = "tested";

/* musl's own text is in its src/internal/version.c; a static program may name it. */
#ifdef __GLIBC__
#define TEXT(macro)  TEXT_(macro)
#define TEXT_(value) #value
const char *const platform_library[] = {"glibc", TEXT(__GLIBC__) "." TEXT(__GLIBC_MINOR__)};
#else
extern const char __libc_version[] __attribute__((visibility("hidden")));
const char *const platform_library[] = {"musl", __libc_version};
#endif

const char *platform_view(const char *proc, char *out, size_t cap)
{
    char link[64];
    ssize_t n = readlink("/proc/self/ns/net", link, sizeof link - 1);

    if (!linux_own_namespace(proc))
        text_format(out, cap, "the network namespace of process 1 in %s", proc);
    else if (n > 0)
        text_format(out, cap, "own network namespace %.*s", (int)n, link);
    else
        text_format(out, cap, "own network namespace (no /proc/self/ns/net)");
    return out;
}

int platform_proc_check(const char *proc)
{
    char path[LINUX_PATH_MAX];

    if (!linux_net_path(proc, "tcp", path))
        return -ENAMETOOLONG;
    return access(path, R_OK) ? -errno : 0;
}
