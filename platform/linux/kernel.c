/* Reads the kernel's own counters. */
#include <errno.h>
#include <unistd.h>

#include "kernel_parse.h"
#include "linux.h"
#include "platform.h"

/* netstat and snmp6 have 4 KiB today, and some more where ICMP messages of all types came. */
#define TEXT_MAX 16384

/* The machine's, not the network namespace's: they are known only where that is the host's. */
#define MACHINES (1u << TCP_ORPHAN | 1u << TCP_MEM_PAGES)

static void read_number(const char *path, enum kernel_counter counter, char *text, struct kernel_reading *out)
{
    long n = linux_read(path, text, TEXT_MAX);

    if (n > 0)
        kernel_parse_number(text, (size_t)n, counter, out);
}

/* Reads how many connections are tracked; nf_conntrack_max is one number for all network namespaces. */
static void read_conntrack(const char *proc, bool own, char *text, struct kernel_reading *out)
{
    char path[LINUX_PATH_MAX];
    long n;

    if (own) {
        read_number("/proc/sys/net/netfilter/nf_conntrack_count", CONNTRACK_COUNT, text, out);
    } else if (linux_net_path(proc, "stat/nf_conntrack", path)) {
        n = linux_read(path, text, TEXT_MAX);
        if (n > 0)
            kernel_parse_conntrack(text, (size_t)n, out);
    }
    if (out->known >> CONNTRACK_COUNT & 1)
        read_number("/proc/sys/net/netfilter/nf_conntrack_max", CONNTRACK_MAX, text, out);
}

/* The first network namespace alone has the files of net_core_table (net/core/sysctl_net_core.c) that are not in
 * netns_core_table. Process 1 below another procfs is taken as the host's. */
void platform_kernel_read(const char *proc, struct kernel_reading *out)
{
    static const char file[NET_FILES][9] = {
        [NET_NETSTAT] = "netstat", [NET_SOCKSTAT] = "sockstat", [NET_SNMP] = "snmp", [NET_SNMP6] = "snmp6"};
    bool own = linux_own_namespace(proc);
    char path[LINUX_PATH_MAX], text[TEXT_MAX];

    for (enum kernel_file i = 0; i < NET_FILES; i++) {
        long n = linux_net_path(proc, file[i], path) ? linux_read(path, text, sizeof text) : -ENAMETOOLONG;

        if (n != -ENOENT) /* snmp6 is absent where the kernel has no IPv6 */
            kernel_parse(i, text, n < 0 ? 0 : (size_t)n, out);
    }
    read_conntrack(proc, own, text, out);
    if (own && access("/proc/sys/net/core/dev_weight", F_OK))
        out->known &= ~MACHINES;
}
