#include "darwin/pcblist_parse.h"

#include <errno.h>
#include <string.h>

/* struct xinpgen, bsd/netinet/in_pcb.h. All structs here are packed to 4 bytes. */
#define XINPGEN_LEN 24
#define XIG_COUNT 4 /* 32 bits */
#define XIG_GEN 8   /* 64 bits */

/* What all records begin with: 32 bits each. */
#define RECORD_HEAD 8
#define RECORD_ALIGN 8

/* Kinds, bsd/sys/socketvar.h. The others are passed over. */
#define XSO_SOCKET 0x001
#define XSO_INPCB 0x010
#define XSO_TCPCB 0x020

/* struct xinpcb_n, bsd/netinet/in_pcb.h. */
#define INP_LPORT 18  /* 16 bits, network order */
#define INP_VFLAG 44  /* 8 bits */
#define INP_LADDR 64  /* 16 bytes; an IPv4 address is the last 4 */
#define INP_LADDR4 76
#define VFLAG_IPV4 0x1 /* both: an IPv6 socket that takes IPv4, too */
#define VFLAG_IPV6 0x2

/* struct xsocket_n, bsd/sys/socketvar.h: 32 bits each. */
#define XSO_FAMILY 40
#define SO_LAST_PID 68
#define SO_E_PID 72
#define FAMILY_INET6 30 /* AF_INET6, bsd/sys/socket.h */

/* struct xtcpcb_n, bsd/netinet/tcp_var.h. */
#define T_STATE 36 /* 32 bits */

/* Releases only ever added to the end of a record, so far. */
struct layout {
    uint32_t kind, len;
    bool has_pid;
};

static const struct layout layouts[] = {
    {XSO_INPCB, 104, false}, /* since inp_flags2: macOS 11 to 15 */
    {XSO_SOCKET, 68, false}, /* before so_last_pid, which came long before macOS 11 */
    {XSO_SOCKET, 76, true},  /* up to so_e_pid: xnu-8019 (macOS 12) and before */
    {XSO_SOCKET, 104, true}, /* xnu-8792 (macOS 13) and later: so_gencnt to xso_filter_flags are new */
    {XSO_TCPCB, 204, false}, /* macOS 11 to 15 */
};

/* bsd/netinet/tcp_fsm.h */
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

/* The records of one socket, each NULL until it comes. */
struct records {
    const uint8_t *inpcb, *socket, *tcpcb;
    bool has_pid;
};

static uint32_t u32(const uint8_t *at)
{
    uint32_t n;

    memcpy(&n, at, sizeof n);
    return n;
}

static const struct layout *find_layout(uint32_t kind, uint32_t len)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].kind == kind && layouts[i].len == len)
            return &layouts[i];
    return NULL;
}

/* A socket that is just being made has neither flag: its family then says what it will be. */
static bool is_v6(const struct records *r)
{
    uint8_t vflag = r->inpcb[INP_VFLAG];

    return vflag & VFLAG_IPV6 || (!(vflag & VFLAG_IPV4) && u32(r->socket + XSO_FAMILY) == FAMILY_INET6);
}

/* The process that used the socket last holds it; e_pid is for whom, where that is another. */
static uint32_t owner(const struct records *r)
{
    uint32_t last = r->has_pid ? u32(r->socket + SO_LAST_PID) : 0;

    return r->has_pid && !last ? u32(r->socket + SO_E_PID) : last;
}

/* The socket whose records came, if any did. */
static int emit_socket(const struct records *r, const struct pcblist *list, bool pass_of_listeners)
{
    bool tcp = list->protocol == PROTOCOL_TCP, v6;
    struct sock s = {.protocol = (uint8_t)list->protocol, .state = STATE_UNKNOWN, .known = SOCK_PORT | SOCK_PID};
    uint32_t state;

    if (!r->inpcb)
        return 0;
    if (!r->socket || !r->tcpcb == tcp)
        return -EBADMSG;
    if (tcp && (state = u32(r->tcpcb + T_STATE)) < sizeof states)
        s.state = states[state];
    if (list->listeners_first && pass_of_listeners != (s.state == STATE_LISTEN))
        return 0;
    v6 = is_v6(r);
    sock_set_address(&s, r->inpcb + (v6 ? INP_LADDR : INP_LADDR4), v6);
    s.local_port = (uint16_t)(r->inpcb[INP_LPORT] << 8 | r->inpcb[INP_LPORT + 1]);
    s.pid = owner(r);
    list->report->sockets++;
    list->emit(list->ctx, &s, 1);
    return 0;
}

/* Puts one record where it belongs; the first of a socket ends the one before. */
static int take_record(struct records *r, const uint8_t *at, uint32_t len, const struct pcblist *list, bool pass_of_listeners)
{
    uint32_t kind = u32(at + 4);
    const struct layout *layout;
    const uint8_t **place;
    int ret;

    if (kind != XSO_INPCB && kind != XSO_SOCKET && kind != XSO_TCPCB)
        return 0;
    layout = find_layout(kind, len);
    if (!layout)
        return -EPROTO;
    if (kind == XSO_INPCB) {
        ret = emit_socket(r, list, pass_of_listeners);
        *r = (struct records){.inpcb = at};
        return ret;
    }
    place = kind == XSO_SOCKET ? &r->socket : &r->tcpcb;
    if (!r->inpcb || *place)
        return -EBADMSG;
    *place = at;
    r->has_pid |= layout->has_pid;
    return 0;
}

static int walk(const uint8_t *at, size_t left, const struct pcblist *list, bool pass_of_listeners)
{
    const uint8_t *head = at;
    struct records r = {0};

    for (at += XINPGEN_LEN, left -= XINPGEN_LEN; left >= RECORD_HEAD;) {
        uint32_t len = u32(at);
        size_t step;
        int ret;

        if (len == XINPGEN_LEN && left == XINPGEN_LEN) {
            list->report->partial += !pass_of_listeners && memcmp(head + XIG_GEN, at + XIG_GEN, 8);
            return emit_socket(&r, list, pass_of_listeners);
        }
        if (len < RECORD_HEAD || len > left) /* before it is rounded up: that could begin at 0 again */
            return -EBADMSG;
        step = ((size_t)len + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
        if (step > left)
            return -EBADMSG;
        ret = take_record(&r, at, len, list, pass_of_listeners);
        if (ret)
            return ret;
        at += step;
        left -= step;
    }
    return left || u32(head + XIG_COUNT) || at != head + XINPGEN_LEN ? -EBADMSG : 0;
}

int darwin_pcblist_parse(const void *data, size_t len, const struct pcblist *list)
{
    int ret;

    if (len < XINPGEN_LEN)
        return -EBADMSG;
    if (u32(data) != XINPGEN_LEN)
        return -EPROTO;
    ret = list->listeners_first ? walk(data, len, list, true) : 0;
    return ret ? ret : walk(data, len, list, false);
}
