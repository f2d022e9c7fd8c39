/* Makes the same sockets a dump of sock_diag and rows of procfs, each as the kernel writes them. Both parsers must find
 * the same sockets, but for what one of the kernel's forms does not have. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "netlink_parse.h"
#include "procfs_parse.h"

struct bytes {
    struct nlmsghdr header;
    struct inet_diag_msg m;
};

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    MUST(n == 1);
    *(struct sock *)ctx = *s;
}

/* Writes udp4_format_sock's row (net/ipv4/udp.c), whose beginning all four tables have. */
static int write_row(char line[PROCFS_LINE_MAX], const struct inet_diag_msg *m)
{
    const uint32_t *local = m->id.idiag_src, *remote = m->id.idiag_dst;
    int at = sprintf(line, "%4d: ", 1), words = m->idiag_family == AF_INET ? 1 : 4;

    for (int i = 0; i < words; i++)
        at += sprintf(line + at, "%08X", local[i]);
    at += sprintf(line + at, ":%04X ", ntohs(m->id.idiag_sport));
    for (int i = 0; i < words; i++)
        at += sprintf(line + at, "%08X", remote[i]);
    return at + sprintf(line + at, ":%04X %02X %08X:%08X %02X:%08X %08X %5u %8d %u %d %016x %d",
                        ntohs(m->id.idiag_dport), m->idiag_state, m->idiag_wqueue, m->idiag_rqueue, m->idiag_timer,
                        m->idiag_expires, m->idiag_retrans, m->idiag_uid, 0, m->idiag_inode, 1, 0, 7);
}

/* Removes what only one form has: procfs lacks cookies and a listener's limit; sock_diag has drops in an attribute. */
static void remove_differences(struct sock *netlink, struct sock *procfs)
{
    MUST(!procfs->cookie || procfs->cookie == (PROCFS_COOKIE | procfs->inode));
    MUST(procfs->drops == (procfs->protocol == PROTOCOL_UDP ? 7 : 0));
    netlink->cookie = procfs->cookie = procfs->drops = 0;
    if (netlink->known & SOCK_LIMIT)
        netlink->tx_queue = 0;
    netlink->known &= (uint8_t)~SOCK_LIMIT;
    procfs->known &= (uint8_t)~SOCK_DROPS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (struct bytes b; size >= sizeof b.m; data += sizeof b.m, size -= sizeof b.m) {
        struct poll_report report = {0};
        char line[PROCFS_LINE_MAX];
        struct sock netlink, procfs;

        b.header = (struct nlmsghdr){.nlmsg_len = sizeof b, .nlmsg_type = 20, .nlmsg_seq = 7};
        memcpy(&b.m, data, sizeof b.m);
        b.m.idiag_family = b.m.idiag_family & 1 ? AF_INET6 : AF_INET;
        for (enum protocol p = 0; p < PROTOCOL_COUNT; p++) {
            struct netlink_dump dump = {.seq = 7, .protocol = p, .emit = take, .ctx = &netlink, .report = &report};
            int n = write_row(line, &b.m);

            MUST(netlink_parse(&b, sizeof b, &dump) == NETLINK_MORE);
            MUST(!procfs_parse_row(line, (size_t)n, p, &procfs));
            remove_differences(&netlink, &procfs);
            MUST(!memcmp(&netlink, &procfs, sizeof netlink));
        }
    }
    return 0;
}
