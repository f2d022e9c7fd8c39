#include "fuzz/platform/procfs_row.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "linux.h"

struct inet_diag_msg kernel_socket(const struct sock *s)
{
    struct inet_diag_msg m = {.idiag_family = s->ip_version == 4 ? AF_INET : AF_INET6,
                              .idiag_rqueue = s->rx_queue,
                              .idiag_wqueue = s->tx_queue,
                              .idiag_inode = s->inode,
                              .id = {.idiag_sport = htons(s->local_port), .idiag_dport = htons(s->remote_port)}};
    struct sock taken_off = {.protocol = s->protocol, .state = s->state};

    while (linux_tcp_state(m.idiag_state) != (enum tcp_state)s->state)
        m.idiag_state++;
    memcpy(m.id.idiag_src, s->local, sizeof s->local);
    memcpy(m.id.idiag_dst, s->remote, sizeof s->remote);
    if (s->protocol == PROTOCOL_TCP && s->state == STATE_LISTEN)
        return m;
    /* Queues that are not empty get back the SYN or FIN that was taken off. */
    linux_set_queues(&taken_off, 2, 2);
    m.idiag_rqueue += s->rx_queue ? 2 - taken_off.rx_queue : 0;
    m.idiag_wqueue += s->tx_queue ? 2 - taken_off.tx_queue : 0;
    return m;
}

size_t write_procfs_row(char line[PROCFS_LINE_MAX + 1], const struct inet_diag_msg *m, const uint32_t *drops)
{
    const uint32_t *const address[] = {m->id.idiag_src, m->id.idiag_dst};
    const uint16_t port[] = {ntohs(m->id.idiag_sport), ntohs(m->id.idiag_dport)};
    int at = sprintf(line, "%4d: ", 1);

    for (int side = 0; side < 2; side++) {
        for (int word = 0; word < (m->idiag_family == AF_INET ? 1 : 4); word++)
            at += sprintf(line + at, "%08X", address[side][word]);
        at += sprintf(line + at, ":%04X ", port[side]);
    }
    at += sprintf(line + at, "%02X %08X:%08X %02X:%08X %08X %5u %8d %u %d %016x", m->idiag_state, m->idiag_wqueue,
                  m->idiag_rqueue, m->idiag_timer, m->idiag_expires, m->idiag_retrans, m->idiag_uid, 0, m->idiag_inode,
                  1, 0);
    at += drops ? sprintf(line + at, " %u", *drops) : 0;
    return (size_t)at;
}
