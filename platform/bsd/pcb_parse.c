#include "bsd/pcb_parse.h"

#include <string.h>

/* netinet/in_pcb.h; both: an IPv6 socket that accepts IPv4, too */
#define VFLAG_IPV4 0x1
#define VFLAG_IPV6 0x2

/* netinet/tcp_fsm.h */
static const uint8_t states[] = {
    [0] = STATE_CLOSE,       [1] = STATE_LISTEN,     [2] = STATE_SYN_SENT,   [3] = STATE_SYN_RECV,
    [4] = STATE_ESTABLISHED, [5] = STATE_CLOSE_WAIT, [6] = STATE_FIN_WAIT1,  [7] = STATE_CLOSING,
    [8] = STATE_LAST_ACK,    [9] = STATE_FIN_WAIT2,  [10] = STATE_TIME_WAIT,
};

uint32_t pcb_u32(const uint8_t *at)
{
    uint32_t n;

    memcpy(&n, at, sizeof n);
    return n;
}

/* Returns true for an IPv6 socket. A new one has neither flag yet, and its family decides. */
static bool is_v6(const struct pcb *pcb)
{
    return pcb->vflag & VFLAG_IPV6 || (!(pcb->vflag & VFLAG_IPV4) && pcb->family_v6);
}

/* Returns true for fe80::/10, and multicast of one interface or link: there the kernel keeps the interface's number in
 * bytes 3 and 4 (netinet6/scope6.c). */
static bool holds_zone(const uint8_t v6[16])
{
    unsigned scope = v6[1] & 0xf;

    return (v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80) || (v6[0] == 0xff && (scope == 1 || scope == 2));
}

static void clear_zone(uint8_t v6[16])
{
    if (holds_zone(v6))
        memset(v6 + 2, 0, 2);
}

static uint16_t port_at(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

void pcb_emit(const struct pcb *pcb, const struct pcblist *list, bool pass_of_listeners)
{
    bool tcp = list->protocol == PROTOCOL_TCP, v6 = is_v6(pcb);
    struct sock s = {
        .protocol = (uint8_t)list->protocol,
        .state = tcp && pcb->state < sizeof states ? states[pcb->state] : STATE_UNKNOWN,
        .known = SOCK_PORT | pcb->known,
        .local_port = port_at(pcb->port),
        .pid = pcb->pid,
    };

    if (!s.local_port || (list->listeners_first && pass_of_listeners != (s.state == STATE_LISTEN)))
        return;
    sock_set_address(&s, pcb->address + (v6 ? 0 : 12), v6);
    sock_set_remote(&s, pcb->address - (v6 ? 16 : 4), v6, port_at(pcb->port - 2));
    if (s.ip_version == 6) {
        clear_zone(s.local);
        clear_zone(s.remote);
    }
    if (s.state == STATE_LISTEN) {
        s.known |= SOCK_QUEUE | SOCK_LIMIT;
        s.rx_queue = pcb->queue;
        s.tx_queue = pcb->limit;
    }
    list->emit(list->ctx, &s, 1);
}
