/* Reads the kernel's own counters. */
#include <errno.h>
#include <unistd.h>

#include "kernel_parse.h"
#include "linux.h"
#include "platform.h"

/* The machine's, not the network namespace's: they are known only where that is the host's. */
#define MACHINES (1u << TCP_ORPHAN | 1u << TCP_MEM_PAGES)

/* A reading under way. */
struct reader {
    char path[LINUX_PATH_MAX];
    char *text; /* PLATFORM_KERNEL_BUF bytes: netstat and snmp6 have 4 KiB today, and some more where ICMP came */
    struct kernel_reading *out;
};

static void read_number(struct reader *r, const char *path, enum kernel_counter counter)
{
    long n = linux_read(path, r->text, PLATFORM_KERNEL_BUF);

    if (n > 0)
        kernel_parse_number(r->text, (size_t)n, counter, r->out);
}

/* Reads the beginning of a table. Returns its bytes, or -errno. */
static long read_table(struct reader *r, const char *proc, const char *file)
{
    return linux_net_path(proc, file, r->path) ? linux_read(r->path, r->text, PLATFORM_KERNEL_BUF) : -ENAMETOOLONG;
}

/* Reads how many connections are tracked; nf_conntrack_max is one number for all network namespaces. */
static void read_conntrack(struct reader *r, const char *proc, bool own)
{
    if (own) {
        read_number(r, "/proc/sys/net/netfilter/nf_conntrack_count", CONNTRACK_COUNT);
    } else {
        long n = read_table(r, proc, "stat/nf_conntrack");

        if (n > 0)
            kernel_parse_conntrack(r->text, (size_t)n, r->out);
    }
    if (r->out->known >> CONNTRACK_COUNT & 1)
        read_number(r, "/proc/sys/net/netfilter/nf_conntrack_max", CONNTRACK_MAX);
}

/* The first network namespace alone has the files of net_core_table (net/core/sysctl_net_core.c) that are not in
 * netns_core_table. Process 1 below another procfs is taken as the host's. */
void platform_kernel_read(const char *proc, char *buf, struct kernel_reading *out)
{
    bool own = linux_own_namespace(proc);
    struct reader r;

    r.text = buf;
    r.out = out;
    for (enum kernel_file i = 0; i < NET_FILES; i++) {
        long n = read_table(&r, proc, kernel_file_name[i]);

        if (n != -ENOENT) /* snmp6 is absent where the kernel has no IPv6 */
            kernel_parse(i, buf, n < 0 ? 0 : (size_t)n, out);
    }
    read_conntrack(&r, proc, own);
    if (own && access("/proc/sys/net/core/dev_weight", F_OK))
        out->known &= ~MACHINES;
}
