#include "freebsd/pcblist_parse.h"

#include <errno.h>
#include <string.h>

/* struct xinpgen, sys/netinet/in_pcb.h. Lengths (ksize_t) have 64 bits everywhere. */
#define XINPGEN_LEN 64
#define XIG_GEN 16 /* 64 bits */

#define RECORD_HEAD 8

/* struct xinpcb, sys/netinet/in_pcb.h: the length (8), struct xsocket (240, sys/sys/socketvar.h),
 * struct in_conninfo (44), and more. */
#define XSO_FAMILY 108 /* 32 bits */
#define INP_LPORT 254  /* 16 bits, network order */
#define INP_LADDR 272  /* 16 bytes; an IPv4 address is the last 4 */
#define INP_LADDR4 284
#define INP_VFLAG 392  /* 8 bits */
#define VFLAG_IPV4 0x1 /* both: an IPv6 socket that takes IPv4, too */
#define VFLAG_IPV6 0x2
#define FAMILY_INET6 28 /* AF_INET6, sys/sys/socket.h */

/* Since FreeBSD 12 these structs have spare fields, which new ones have been taken from. */
struct layout {
    enum protocol protocol;
    uint64_t len;
    unsigned inpcb, state; /* where struct xinpcb begins, and t_state: 32 bits */
};

static const struct layout layouts[] = {
    {PROTOCOL_TCP, 744, 8, 568}, /* struct xtcpcb, sys/netinet/tcp_var.h: FreeBSD 12 to 15, 64 bits */
    {PROTOCOL_UDP, 400, 0, 0},   /* struct xinpcb: likewise */
};

/* sys/netinet/tcp_fsm.h */
static const uint8_t states[] = {
    [0] = STATE_CLOSE,
    [1] = STATE_LISTEN,
    [2] = STATE_SYN_SENT,
    [3] = STATE_SYN_RECV,
    [4] = STATE_ESTABLISHED,
    [5] = STATE_CLOSE_WAIT,
    [6] = STATE_FIN_WAIT1,
    [7] = STATE_CLOSING,
    [8] = STATE_LAST_ACK,
    [9] = STATE_FIN_WAIT2,
    [10] = STATE_TIME_WAIT,
};

static uint32_t u32(const uint8_t *at)
{
    uint32_t n;

    memcpy(&n, at, sizeof n);
    return n;
}

static uint64_t u64(const uint8_t *at)
{
    uint64_t n;

    memcpy(&n, at, sizeof n);
    return n;
}

static const struct layout *find_layout(enum protocol protocol, uint64_t len)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].protocol == protocol && layouts[i].len == len)
            return &layouts[i];
    return NULL;
}

/* A socket that is just being made has neither flag: its family then says what it will be. */
static bool is_v6(const uint8_t *inpcb)
{
    uint8_t vflag = inpcb[INP_VFLAG];

    return vflag & VFLAG_IPV6 || (!(vflag & VFLAG_IPV4) && u32(inpcb + XSO_FAMILY) == FAMILY_INET6);
}

static void emit_socket(const uint8_t *record, const struct layout *layout, const struct pcblist *list, bool pass_of_listeners)
{
    const uint8_t *inpcb = record + layout->inpcb;
    struct sock s = {.protocol = (uint8_t)list->protocol, .state = STATE_UNKNOWN, .known = SOCK_PORT};
    bool v6 = is_v6(inpcb);
    uint32_t state;

    if (layout->state && (state = u32(record + layout->state)) < sizeof states)
        s.state = states[state];
    if (list->listeners_first && pass_of_listeners != (s.state == STATE_LISTEN))
        return;
    sock_set_address(&s, inpcb + (v6 ? INP_LADDR : INP_LADDR4), v6);
    s.local_port = (uint16_t)(inpcb[INP_LPORT] << 8 | inpcb[INP_LPORT + 1]);
    list->report->sockets++;
    list->emit(list->ctx, &s, 1);
}

static int walk(const uint8_t *at, size_t left, const struct pcblist *list, bool pass_of_listeners)
{
    const uint8_t *head = at;

    for (at += XINPGEN_LEN, left -= XINPGEN_LEN; left >= RECORD_HEAD;) {
        uint64_t len = u64(at);
        const struct layout *layout = find_layout(list->protocol, len);

        if (len == XINPGEN_LEN && left == XINPGEN_LEN) {
            list->report->partial += !pass_of_listeners && u64(head + XIG_GEN) != u64(at + XIG_GEN);
            return 0;
        }
        if (len < RECORD_HEAD || len > left)
            return -EBADMSG;
        if (!layout)
            return -EPROTO;
        emit_socket(at, layout, list, pass_of_listeners);
        at += len;
        left -= (size_t)len;
    }
    return -EBADMSG; /* the end is missing */
}

int freebsd_pcblist_parse(const void *data, size_t len, const struct pcblist *list)
{
    int ret;

    if (len < XINPGEN_LEN)
        return -EBADMSG;
    if (u64(data) != XINPGEN_LEN)
        return -EPROTO;
    ret = list->listeners_first ? walk(data, len, list, true) : 0;
    return ret ? ret : walk(data, len, list, false);
}
