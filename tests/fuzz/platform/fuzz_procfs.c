/* Reads the lines of a /proc/net/tcp and of a /proc/net/udp. An accepted line, printed in the kernel's format, must be
 * accepted again as the same socket. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/platform/procfs_row.h"
#include "platform.h"

static void print_and_read_again(const struct sock *s)
{
    const struct inet_diag_msg m = kernel_socket(s);
    char line[PROCFS_LINE_MAX + 1];
    size_t len = write_procfs_row(line, &m, s->known & SOCK_DROPS ? &s->drops : NULL);
    struct sock again;

    MUST(!procfs_parse_row(line, len, (enum protocol)s->protocol, &again));
    MUST(!memcmp(s, &again, sizeof again));
}

static void read_line(void *unused, const char *line, size_t len)
{
    bool header = !procfs_parse_header(line, len);
    struct sock s;

    (void)unused;
    for (enum protocol protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
        if (!procfs_parse_row(line, len, protocol, &s)) {
            struct net_queue queue = {0};
            bool found = procfs_parse_queue(line, len, s.inode, &queue);

            MUST(!header && !procfs_parse_queue(line, len, s.inode + UINT64_C(1), &queue));
            MUST(protocol == PROTOCOL_TCP || found == !!(s.known & SOCK_DROPS));
            MUST(!found || protocol == PROTOCOL_TCP || (queue.used == s.rx_queue && queue.drops == s.drops));
            print_and_read_again(&s);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    each_line(data, size, read_line, NULL);
    return 0;
}
