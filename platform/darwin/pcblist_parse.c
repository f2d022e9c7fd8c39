#include "darwin/pcblist_parse.h"

#include <errno.h>
#include <string.h>

#include "bsd/pcb_parse.h"

/* struct xinpgen, bsd/netinet/in_pcb.h; all structs here are packed to 4 bytes */
#define XINPGEN_LEN 24
#define XIG_COUNT   4 /* 32 bits */

/* Head of each record: length and kind, 32 bits each. */
#define RECORD_HEAD  8
#define RECORD_ALIGN 8

/* Kinds (bsd/sys/socketvar.h); others are skipped. */
#define XSO_SOCKET 0x001
#define XSO_INPCB  0x010
#define XSO_TCPCB  0x020

/* struct xinpcb_n, bsd/netinet/in_pcb.h. */
#define INP_LPORT 18 /* 16 bits, network order */
#define INP_VFLAG 44 /* 8 bits */
#define INP_LADDR 64 /* 16 bytes */

/* struct xsocket_n, bsd/sys/socketvar.h. */
#define SO_STATE     26 /* 16 bits */
#define XSO_FAMILY   40
#define SO_QLEN      44 /* 16 bits: half-open connections, too */
#define SO_INCQLEN   46 /* 16 bits: these alone */
#define SO_QLIMIT    48 /* 16 bits */
#define SO_LAST_PID  68
#define SO_E_PID     72
#define SS_NOFDREF   0x1 /* no process has a descriptor of it */
#define FAMILY_INET6 30  /* AF_INET6, bsd/sys/socket.h */

/* struct xtcpcb_n, bsd/netinet/tcp_var.h. */
#define T_STATE 36 /* 32 bits */

/* Known lengths of records. So far, releases have only added to their ends. */
struct layout {
    uint32_t kind, len;
};

static const struct layout layouts[] = {
    {XSO_INPCB, 104},  /* from inp_flags2 on: macOS 11 to 15 */
    {XSO_SOCKET, 76},  /* up to so_e_pid: xnu-8019 (macOS 12) and before */
    {XSO_SOCKET, 104}, /* xnu-8792 (macOS 13) and later: so_gencnt to xso_filter_flags are new */
    {XSO_TCPCB, 204},  /* macOS 11 to 15 */
};

/* Records of one socket, each NULL until read. */
struct records {
    const uint8_t *inpcb, *socket, *tcpcb;
};

static bool is_known(uint32_t kind, uint32_t len)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].kind == kind && layouts[i].len == len)
            return true;
    return false;
}

static uint16_t u16(const uint8_t *at)
{
    uint16_t n;

    memcpy(&n, at, sizeof n);
    return n;
}

/* Returns the process that used the socket last, or the one it was used for (e_pid). A socket without a descriptor
 * still has both, but no owner: 0. */
static uint32_t owner(const uint8_t *socket)
{
    uint32_t last = pcb_u32(socket + SO_LAST_PID);

    if (u16(socket + SO_STATE) & SS_NOFDREF)
        return 0;
    return last ? last : pcb_u32(socket + SO_E_PID);
}

/* Returns the connections that wait to be accepted (bsd/kern/uipc_socket2.c, sonewconn_internal, soisconnected). */
static uint32_t queue(const uint8_t *socket)
{
    uint16_t all = u16(socket + SO_QLEN), half_open = u16(socket + SO_INCQLEN);

    return all > half_open ? (uint32_t)(all - half_open) : 0;
}

/* Emits the socket whose records were read, if any. Returns 0 or -errno. */
static int emit_socket(const struct records *r, const struct pcblist *list, bool pass_of_listeners)
{
    bool tcp = list->protocol == PROTOCOL_TCP;

    if (!r->inpcb)
        return 0;
    if (!r->socket || !r->tcpcb == tcp)
        return -EBADMSG;
    pcb_emit(
        &(struct pcb){
            .port = r->inpcb + INP_LPORT,
            .address = r->inpcb + INP_LADDR,
            .vflag = r->inpcb[INP_VFLAG],
            .family_v6 = pcb_u32(r->socket + XSO_FAMILY) == FAMILY_INET6,
            .state = tcp ? pcb_u32(r->tcpcb + T_STATE) : 0,
            .known = SOCK_PID,
            .pid = owner(r->socket),
            .queue = queue(r->socket),
            .limit = u16(r->socket + SO_QLIMIT),
        },
        list, pass_of_listeners);
    return 0;
}

/* Adds one record to the socket. The first record of a socket ends the one before. Returns 0 or -errno. */
static int take_record(struct records *r, const uint8_t *at, uint32_t len, const struct pcblist *list,
                       bool pass_of_listeners)
{
    uint32_t kind = pcb_u32(at + 4);
    const uint8_t **place;
    int ret;

    if (kind != XSO_INPCB && kind != XSO_SOCKET && kind != XSO_TCPCB)
        return 0;
    if (!is_known(kind, len))
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
    return 0;
}

static int walk(const uint8_t *at, size_t left, const struct pcblist *list, bool pass_of_listeners)
{
    const uint8_t *head = at;
    struct records r = {0};

    for (at += XINPGEN_LEN, left -= XINPGEN_LEN; left >= RECORD_HEAD;) {
        uint32_t len = pcb_u32(at);
        size_t step;
        int ret;

        if (len == XINPGEN_LEN && left == XINPGEN_LEN)
            return emit_socket(&r, list, pass_of_listeners);
        if (len < RECORD_HEAD || len > left) /* before rounding up, which could overflow to 0 */
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
    return left || pcb_u32(head + XIG_COUNT) || at != head + XINPGEN_LEN ? -EBADMSG : 0;
}

int darwin_pcblist_parse(const void *data, size_t len, const struct pcblist *list)
{
    int ret;

    if (len < XINPGEN_LEN)
        return -EBADMSG;
    if (pcb_u32(data) != XINPGEN_LEN)
        return -EPROTO;
    ret = list->listeners_first ? walk(data, len, list, true) : 0;
    return ret ? ret : walk(data, len, list, false);
}
