#include "netlink_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "linux.h"

/* Returns the content of this attribute of a message, after whose fixed part `at` is, and sets *found to its bytes; or
 * returns NULL. */
static const char *find_attribute(const char *at, size_t len, uint16_t type, size_t *found)
{
    struct nlattr a;

    for (size_t step; len >= sizeof a; at += step, len -= step) {
        memcpy(&a, at, sizeof a);
        if (a.nla_len < sizeof a || a.nla_len > len)
            return NULL;
        if (a.nla_type == type) {
            *found = a.nla_len - sizeof a;
            return at + sizeof a;
        }
        step = NLMSG_ALIGN((size_t)a.nla_len);
        if (step > len)
            return NULL;
    }
    return NULL;
}

/* Sets what a UDP socket has lost. Kernels before 4.12 do not tell (SK_MEMINFO_DROPS of linux/sock_diag.h). */
static void set_drops(struct sock *s, const char *at, size_t len)
{
    size_t found;
    const char *memory = find_attribute(at, len, INET_DIAG_SKMEMINFO, &found);

    if (!memory || found < (SK_MEMINFO_DROPS + 1) * sizeof s->drops)
        return;
    memcpy(&s->drops, memory + SK_MEMINFO_DROPS * sizeof s->drops, sizeof s->drops);
    s->known |= SOCK_DROPS;
}

/* Counts a socket whose row has the attributes at `at`. */
static void count_row(struct netlink_dump *dump, const struct sock *s, bool af_inet6, const char *at, size_t len)
{
    struct tcp_rows *rows = &dump->rows;
    bool ipv6 = s->ip_version == 6, full;
    size_t found;

    if (s->state == STATE_ESTABLISHED) {
        rows->established[ipv6]++;
        rows->wanted[ipv6] += (dump->wanted && ports_have(dump->wanted, s->local_port)) ||
                              (dump->wanted_remote && ports_have(dump->wanted_remote, s->remote_port));
        return;
    }
    full = find_attribute(at, len, INET_DIAG_SHUTDOWN, &found);
    rows->time_wait[ipv6] += s->state == STATE_TIME_WAIT;
    rows->full += full;
    rows->full6 += full && af_inet6;
    rows->fin_wait2 += !full && s->state == STATE_FIN_WAIT2;
    if (dump->listening && s->state == STATE_LISTEN)
        ports_add(dump->listening, s->local_port);
}

static int emit_socket(const char *payload, size_t len, struct netlink_dump *dump)
{
    struct inet_diag_msg m;
    struct sock s = {.protocol = (uint8_t)dump->protocol, .known = SOCK_PORT | SOCK_OWNER};

    if (len < sizeof m)
        return -EBADMSG;
    memcpy(&m, payload, sizeof m);
    if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
        return -EBADMSG;
    sock_set_address(&s, (const uint8_t *)m.id.idiag_src, m.idiag_family == AF_INET6);
    sock_set_remote(&s, (const uint8_t *)m.id.idiag_dst, m.idiag_family == AF_INET6, ntohs(m.id.idiag_dport));
    s.local_port = ntohs(m.id.idiag_sport);
    s.state = (uint8_t)linux_tcp_state(m.idiag_state);
    s.inode = m.idiag_inode;
    if (dump->protocol == PROTOCOL_TCP && s.state == STATE_LISTEN) {
        s.known |= SOCK_QUEUE | SOCK_LIMIT;
        s.rx_queue = m.idiag_rqueue;
        s.tx_queue = m.idiag_wqueue;
    } else {
        linux_set_queues(&s, m.idiag_rqueue, m.idiag_wqueue);
    }
    if (dump->protocol == PROTOCOL_UDP || s.state == STATE_CLOSE_WAIT)
        s.cookie = (uint64_t)m.id.idiag_cookie[1] << 32 | m.id.idiag_cookie[0]; /* as sock_diag_save_cookie splits it */
    if (dump->protocol == PROTOCOL_TCP)
        count_row(dump, &s, m.idiag_family == AF_INET6, payload + sizeof m, len - sizeof m);
    else
        set_drops(&s, payload + sizeof m, len - sizeof m);
    linux_note_drops(&s, dump->report);
    dump->emit(dump->ctx, &s, 1);
    return NETLINK_MORE;
}

/* Returns the result in the payload of either end message, an int of 0 or -errno: `good` for 0. */
static int end_code(const void *payload, size_t len, int good)
{
    int code;

    if (len < sizeof code)
        return -EBADMSG;
    memcpy(&code, payload, sizeof code);
    if (code > 0 || code < -4095)
        return -EBADMSG;
    return code ? code : good;
}

int netlink_parse(const void *data, size_t len, struct netlink_dump *dump)
{
    const char *at = data;

    while (len) {
        struct nlmsghdr h;
        size_t step;
        int ret;

        if (len < sizeof h)
            return -EBADMSG;
        memcpy(&h, at, sizeof h);
        if (h.nlmsg_len < sizeof h || h.nlmsg_len > len)
            return -EBADMSG;
        if (h.nlmsg_seq == dump->seq) {
            const char *payload = at + sizeof h;
            size_t payload_len = h.nlmsg_len - sizeof h;

            if (h.nlmsg_flags & NLM_F_DUMP_INTR)
                dump->report->partial++;
            switch (h.nlmsg_type) {
            case NLMSG_DONE: return end_code(payload, payload_len, NETLINK_DONE);
            case NLMSG_ERROR: /* 0 would acknowledge a request for acknowledgement, and there was none */
                return end_code(payload, payload_len, -EBADMSG);
            case NLMSG_NOOP: break;
            default:
                ret = h.nlmsg_type < NLMSG_MIN_TYPE ? -EBADMSG : emit_socket(payload, payload_len, dump);
                if (ret)
                    return ret;
            }
        }
        step = NLMSG_ALIGN((size_t)h.nlmsg_len);
        if (step > len)
            step = len;
        at += step;
        len -= step;
    }
    return NETLINK_MORE;
}
