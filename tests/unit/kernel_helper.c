#include "kernel_helper.h"

#include <string.h>

uint32_t bsd_tcp_state(enum tcp_state state)
{
    static const uint8_t theirs[STATE_COUNT] = {
        [STATE_CLOSE] = 0, [STATE_LISTEN] = 1, [STATE_SYN_SENT] = 2, [STATE_SYN_RECV] = 3,
        [STATE_ESTABLISHED] = 4, [STATE_CLOSE_WAIT] = 5, [STATE_FIN_WAIT1] = 6, [STATE_CLOSING] = 7,
        [STATE_LAST_ACK] = 8, [STATE_FIN_WAIT2] = 9, [STATE_TIME_WAIT] = 10, [STATE_UNKNOWN] = 11,
    };

    return theirs[state];
}

static void put32(uint8_t *at, uint32_t n)
{
    memcpy(at, &n, sizeof n);
}

static void put64(uint8_t *at, uint64_t n)
{
    memcpy(at, &n, sizeof n);
}

/* Flag, port and address lie alike in both: only where differs. */
static void put_end(const struct sock *s, uint8_t *vflag, uint8_t *port, uint8_t *address)
{
    bool v6 = s->ip_version == 6;

    *vflag = v6 ? 2 : 1; /* INP_IPV6, INP_IPV4 */
    port[0] = (uint8_t)(s->local_port >> 8);
    port[1] = (uint8_t)s->local_port;
    memcpy(address + (v6 ? 0 : 12), s->local, v6 ? 16 : 4);
}

/* --- macOS: bsd/netinet/in_pcblist.c ---------------------------------------------- */

static uint8_t *darwin_record(uint8_t *at, uint32_t len, uint32_t kind)
{
    memset(at, 0, len + 7);
    put32(at, len);
    put32(at + 4, kind);
    return at + (len + 7) / 8 * 8;
}

static uint8_t *darwin_generation(uint8_t *at, uint32_t count)
{
    memset(at, 0, 24);
    put32(at, 24);
    put32(at + 4, count);
    put64(at + 8, 77);
    return at + 24;
}

size_t darwin_encode(enum protocol protocol, const struct sock *s, size_t n, uint8_t *out)
{
    uint8_t *at = darwin_generation(out, (uint32_t)n), *record;

    for (size_t i = 0; i < n; i++) {
        if (s[i].protocol != protocol)
            continue;
        at = darwin_record(record = at, 104, 0x010); /* xinpcb_n */
        put_end(&s[i], record + 44, record + 18, record + 64);
        at = darwin_record(record = at, 104, 0x001); /* xsocket_n */
        put32(record + 68, s[i].pid);
        at = darwin_record(at, 32, 0x002);  /* xsockbuf_n, received */
        at = darwin_record(at, 32, 0x004);  /* xsockbuf_n, to send */
        at = darwin_record(at, 136, 0x008); /* xsockstat_n */
        if (protocol == PROTOCOL_TCP) {
            at = darwin_record(record = at, 204, 0x020); /* xtcpcb_n */
            put32(record + 36, bsd_tcp_state((enum tcp_state)s[i].state));
        }
    }
    return (size_t)(darwin_generation(at, (uint32_t)n) - out);
}

/* --- FreeBSD: sys/netinet/tcp_subr.c, udp_usrreq.c -------------------------------- */

static uint8_t *freebsd_record(uint8_t *at, uint64_t len)
{
    memset(at, 0, len);
    put64(at, len);
    return at + len;
}

static uint8_t *freebsd_generation(uint8_t *at, uint32_t count)
{
    uint8_t *end = freebsd_record(at, 64);

    put32(at + 8, count);
    put64(at + 16, 77);
    return end;
}

size_t freebsd_encode(enum protocol protocol, const struct sock *s, size_t n, uint8_t *out)
{
    bool tcp = protocol == PROTOCOL_TCP;
    uint8_t *at = freebsd_generation(out, (uint32_t)n);

    for (size_t i = 0; i < n; i++) {
        uint8_t *record = at, *inpcb = at + (tcp ? 8 : 0);

        if (s[i].protocol != protocol)
            continue;
        at = freebsd_record(record, tcp ? 744 : 400); /* xtcpcb, xinpcb */
        put64(inpcb, 400);
        put_end(&s[i], inpcb + 392, inpcb + 254, inpcb + 272);
        if (tcp)
            put32(record + 568, bsd_tcp_state((enum tcp_state)s[i].state));
    }
    return (size_t)(freebsd_generation(at, (uint32_t)n) - out);
}
