/* Stubs for what only Linux has: procfs, settings of local ports, a search for owners, samples and their CPU time,
 * containers, other network namespaces, a sandbox, duties of process 1. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/format.h"
#include "count/ports.h"
#include "platform.h"

const char *platform_view(const char *proc, char *out, size_t cap)
{
    (void)proc;
    text_format(out, cap, "this machine");
    return out;
}

int platform_proc_check(const char *proc)
{
    (void)proc;
    return -EOPNOTSUPP;
}

void platform_local_ports(const char *proc, struct recording *recording, struct port_set *out)
{
    (void)proc, (void)recording;
    memset(out, 0, sizeof *out);
}

/* Rows name their owner, or no one does. */
void platform_owner_walk(const char *proc, platform_owner_fn *fn, void *ctx)
{
    (void)proc, (void)fn, (void)ctx;
}

bool platform_owner_holds(const char *proc, int pid, int fd, uint32_t inode)
{
    (void)proc, (void)pid, (void)fd, (void)inode;
    return false;
}

int platform_process_walk(const char *proc, platform_process_fn *fn, void *ctx)
{
    (void)proc, (void)fn, (void)ctx;
    return -EOPNOTSUPP;
}

uint64_t platform_namespace(const char *proc, int pid)
{
    (void)proc, (void)pid;
    return 0;
}

bool platform_pod_identity(const char *proc, int pid, uint64_t mark, struct pod_identity *out)
{
    (void)proc, (void)pid, (void)mark, (void)out;
    return false;
}

int platform_pod_read(const char *proc, int pid, uint64_t mark, uint64_t name_space, unsigned depth, char *buf,
                      platform_sock_fn *emit, void *ctx, struct pod_reading *out)
{
    (void)proc, (void)pid, (void)mark, (void)name_space, (void)depth, (void)buf, (void)emit, (void)ctx, (void)out;
    return -EOPNOTSUPP;
}

int platform_directory_walk(const char *path, platform_name_fn *fn, void *ctx)
{
    (void)path, (void)fn, (void)ctx;
    return -EOPNOTSUPP;
}

uint64_t platform_cpu_ns(void)
{
    return 0;
}

const char *platform_container(char out[PLATFORM_CONTAINER_MAX])
{
    *out = '\0';
    return out;
}

/* macOS' own is deprecated; FreeBSD's Capsicum lets nothing be opened or looked up later; and Windows' policies would
 * have to be set before the program starts. */
bool platform_sandbox(const struct needs *needs, char text[PLATFORM_SANDBOX_MAX])
{
    (void)needs;
    text_format(text, PLATFORM_SANDBOX_MAX, "none: sockpush has one on Linux alone");
    return false;
}

void platform_forget_start(void)
{
}

int platform_first_process(void)
{
    return 0;
}
