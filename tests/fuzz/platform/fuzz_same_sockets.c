/* Writes sockets as sock_diag and procfs do. Both parsers must find the same, but for what one of the forms lacks. */
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz/fuzz.h"
#include "fuzz/platform/procfs_row.h"
#include "netlink_parse.h"

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    MUST(n == 1);
    *(struct sock *)ctx = *s;
}

/* Removes what only one form has: procfs lacks cookies and a listener's limit; sock_diag has drops in an attribute. */
static void remove_differences(struct sock *netlink, struct sock *procfs)
{
    MUST(!procfs->cookie || procfs->cookie == (PROCFS_COOKIE | procfs->inode));
    MUST(procfs->drops == (procfs->protocol == PROTOCOL_UDP ? procfs->inode : 0));
    netlink->cookie = procfs->cookie = procfs->drops = 0;
    if (netlink->known & SOCK_LIMIT)
        netlink->tx_queue = 0;
    netlink->known &= (uint8_t)~SOCK_LIMIT;
    procfs->known &= (uint8_t)~SOCK_DROPS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct nlmsghdr head = {NLMSG_LENGTH(sizeof(struct inet_diag_msg)), 20, .nlmsg_seq = 7};

    for (struct inet_diag_msg m; size >= sizeof m; data += sizeof m, size -= sizeof m) {
        memcpy(&m, data, sizeof m);
        m.idiag_family = m.idiag_family & 1 ? AF_INET6 : AF_INET;
        for (enum protocol p = 0; p < PROTOCOL_COUNT; p++) {
            struct sock netlink, procfs;
            struct netlink_dump dump = {
                .seq = 7, .protocol = p, .emit = take, .ctx = &netlink, .report = &(struct poll_report){0}};
            void *message = joined(&head, sizeof head, &m, sizeof m);
            char row[PROCFS_LINE_MAX + 1];

            MUST(netlink_parse(message, head.nlmsg_len, &dump) == NETLINK_MORE);
            MUST(!procfs_parse_row(row, write_procfs_row(row, &m, &m.idiag_inode), p, &procfs));
            remove_differences(&netlink, &procfs);
            MUST(!memcmp(&netlink, &procfs, sizeof netlink));
            free(message);
        }
    }
    return 0;
}
