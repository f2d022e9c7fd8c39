#include "freebsd/pcblist_parse.h"

#include <errno.h>
#include <string.h>

#include "bsd/pcb_parse.h"

/* struct xinpgen, sys/netinet/in_pcb.h; lengths (ksize_t) have 64 bits everywhere */
#define XINPGEN_LEN 64

#define RECORD_HEAD 8

/* struct xinpcb, sys/netinet/in_pcb.h: the length (8), struct xsocket (240, sys/sys/socketvar.h), struct in_conninfo
 * (44), and more. */
#define XSO_FAMILY   108 /* 32 bits */
#define SO_QLEN      112 /* 32 bits: without so_incqlen, those that no accept filter has passed yet */
#define SO_QLIMIT    120 /* 32 bits */
#define INP_LPORT    254 /* 16 bits, network order */
#define INP_LADDR    272 /* 16 bytes */
#define INP_VFLAG    392 /* 8 bits */
#define FAMILY_INET6 28  /* AF_INET6, sys/sys/socket.h */

/* Known lengths of records. New fields have used spare space since FreeBSD 12. */
struct layout {
    enum protocol protocol;
    uint64_t len;
    unsigned inpcb, state; /* offsets of struct xinpcb, and of t_state, which has 32 bits */
};

static const struct layout layouts[] = {
    {PROTOCOL_TCP, 744, 8, 568}, /* struct xtcpcb, sys/netinet/tcp_var.h: FreeBSD 12 to 15, 64 bits */
    {PROTOCOL_UDP, 400, 0, 0},   /* struct xinpcb: FreeBSD 12 to 15, 64 bits */
};

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

static void emit_socket(const uint8_t *record, const struct layout *layout, const struct pcblist *list,
                        bool pass_of_listeners)
{
    const uint8_t *inpcb = record + layout->inpcb;

    pcb_emit(
        &(struct pcb){
            .port = inpcb + INP_LPORT,
            .address = inpcb + INP_LADDR,
            .vflag = inpcb[INP_VFLAG],
            .family_v6 = pcb_u32(inpcb + XSO_FAMILY) == FAMILY_INET6,
            .state = layout->state ? pcb_u32(record + layout->state) : 0,
            .queue = pcb_u32(inpcb + SO_QLEN),
            .limit = pcb_u32(inpcb + SO_QLIMIT),
        },
        list, pass_of_listeners);
}

static int walk(const uint8_t *at, size_t left, const struct pcblist *list, bool pass_of_listeners)
{
    for (at += XINPGEN_LEN, left -= XINPGEN_LEN; left >= RECORD_HEAD;) {
        uint64_t len = u64(at);
        const struct layout *layout = find_layout(list->protocol, len);

        if (len == XINPGEN_LEN && left == XINPGEN_LEN)
            return 0;
        if (len < RECORD_HEAD || len > left)
            return -EBADMSG;
        if (!layout)
            return -EPROTO;
        emit_socket(at, layout, list, pass_of_listeners);
        at += len;
        left -= (size_t)len;
    }
    return -EBADMSG; /* the last xinpgen is missing */
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
