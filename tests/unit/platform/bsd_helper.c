#include "unit/platform/bsd_helper.h"

#include <string.h>

int32_t bsd_tcp_state(enum tcp_state state)
{
    static const uint8_t theirs[STATE_COUNT] = {
        [STATE_CLOSE] = 0,       [STATE_LISTEN] = 1,     [STATE_SYN_SENT] = 2,   [STATE_SYN_RECV] = 3,
        [STATE_ESTABLISHED] = 4, [STATE_CLOSE_WAIT] = 5, [STATE_FIN_WAIT1] = 6,  [STATE_CLOSING] = 7,
        [STATE_LAST_ACK] = 8,    [STATE_FIN_WAIT2] = 9,  [STATE_TIME_WAIT] = 10, [STATE_UNKNOWN] = 11,
    };

    return theirs[state];
}

uint8_t *bsd_put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static void put_side(const uint8_t *ip, bool v6, uint16_t number, uint8_t port[2], uint8_t address[16])
{
    port[0] = (uint8_t)(number >> 8);
    port[1] = (uint8_t)number;
    memset(address, 0, 16);
    memcpy(address + (v6 ? 0 : 12), ip, v6 ? 16 : 4);
    if (address[0] == 0xfe && address[1] == 0x80)
        address[3] = 4;
}

void bsd_end(const struct sock *s, uint8_t *vflag, uint8_t port[2], uint8_t address[16])
{
    *vflag = s->ip_version == 6 ? 2 : 1; /* INP_IPV6, INP_IPV4 */
    put_side(s->local, s->ip_version == 6, s->local_port, port, address);
}

void bsd_remote_end(const struct sock *s, uint8_t port[2], uint8_t address[16])
{
    put_side(s->remote, s->ip_version == 6, s->remote_port, port, address);
}

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    struct bsd_got *got = ctx;

    assert_int_equal(n, 1);
    assert_true(got->n < COUNT_OF(got->sock));
    got->sock[got->n++] = *s;
}

int bsd_parse(pcblist_parse_fn *parse, enum protocol protocol, bool listeners_first, const void *bytes, size_t len,
              struct bsd_got *got)
{
    struct poll_report report = {0};
    const struct pcblist list = {protocol, listeners_first, take, got, &report};
    int ret;

    memset(got, 0, sizeof *got);
    ret = parse(flush_copy(bytes, len), len, &list);
    assert_int_equal(report.partial, 0);
    return ret;
}

void bsd_reads_back(pcblist_parse_fn *parse, bsd_encode_fn *encode, bool pids)
{
    uint8_t bytes[8 * BSD_ROW_MAX];
    struct sock s[] = {
        sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_TIME_WAIT, 0),
        sock_of(PROTOCOL_TCP, "::1", 443, STATE_LISTEN, 12),
        sock_of(PROTOCOL_UDP, "2001:db8::1", 53, STATE_UNKNOWN, 13),
        sock_of(PROTOCOL_TCP, "fe80::1", 65535, STATE_UNKNOWN, 14),
    };
    struct bsd_got got;
    size_t len;

    s[0].rx_queue = s[0].tx_queue = 7; /* of no listener: skipped */
    s[1].rx_queue = 129;
    s[1].tx_queue = 128;
    connect_to(&s[0], "10.0.0.9", 40000);
    connect_to(&s[3], "fe80::2", 443);
    len = encode(PROTOCOL_TCP, s, COUNT_OF(s), bytes);
    assert_int_equal(bsd_parse(parse, PROTOCOL_TCP, true, bytes, len, &got), 0);
    assert_int_equal(got.n, 3);
    for (unsigned i = 0; i < got.n; i++) {
        const struct sock *want = &s[(unsigned[]){1, 0, 3}[i]];
        bool listens = want->state == STATE_LISTEN;

        assert_int_equal(got.sock[i].state, want->state);
        assert_int_equal(got.sock[i].ip_version, want->ip_version);
        assert_int_equal(got.sock[i].local_port, want->local_port);
        assert_int_equal(got.sock[i].pid, pids ? want->pid : 0);
        assert_memory_equal(got.sock[i].local, want->local, 16);
        assert_int_equal(got.sock[i].known & SOCK_REMOTE, want->known & SOCK_REMOTE);
        assert_int_equal(got.sock[i].remote_port, want->remote_port);
        assert_memory_equal(got.sock[i].remote, want->remote, 16);
        assert_int_equal(got.sock[i].known & (SOCK_QUEUE | SOCK_LIMIT), listens ? SOCK_QUEUE | SOCK_LIMIT : 0);
        assert_int_equal(got.sock[i].rx_queue, listens ? want->rx_queue : 0);
        assert_int_equal(got.sock[i].tx_queue, listens ? want->tx_queue : 0);
    }
    len = encode(PROTOCOL_UDP, s, COUNT_OF(s), bytes);
    assert_int_equal(bsd_parse(parse, PROTOCOL_UDP, true, bytes, len, &got), 0);
    assert_int_equal(got.n, 1);
    assert_int_equal(got.sock[0].local_port, 53);
    assert_int_equal(got.sock[0].ip_version, 6);
}

void bsd_bears_any_bytes(pcblist_parse_fn *parse, const void *list, size_t len)
{
    uint8_t bytes[4 * BSD_ROW_MAX];
    struct bsd_got got;

    assert_true(len <= sizeof bytes);
    any_seed(6);
    for (int turn = 0; turn < 100000 / ONE_IN; turn++) {
        memcpy(bytes, list, len);
        for (uint32_t n = 1 + any(4); n; n--)
            bytes[any((uint32_t)len)] = (uint8_t)any(256);
        bsd_parse(parse, (enum protocol)any(2), any(2), bytes, any(4) ? len : any((uint32_t)len + 1), &got);
    }
}
