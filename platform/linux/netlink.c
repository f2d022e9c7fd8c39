/* Sockets by inet_diag. Where TCP sockets are many, those ESTABLISHED or in TIME_WAIT are not listed but counted by the
 * kernel's own counters (tcp_totals.h), as far as no port rule wants them. The counts are the same. */
#include "netlink.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "linux.h"
#include "platform.h"
#include "sock_diag.h"
#include "tcp_counters.h"

/* The kernel's states 1 to 11 (include/net/tcp_states.h). Those above would add bound sockets, by a walk of their own.
 */
#define ALL_STATES  0xffeu
#define ESTABLISHED (1u << 1)
#define TIME_WAIT   (1u << 6)
#define LISTEN      (1u << 10)

#define FEW         2000 /* are listed for what it costs to walk the empty buckets of the kernel's hash table again */
#define CHECK_POLLS 100  /* of so many polls that are counted, the first is listed and compared */

#define HAS_IPV6     1 /* bits of a recording's first byte */
#define HAS_COUNTERS 2 /* the counters follow, and stand again at the end */

struct backend_state {
    const struct backend_want *want;
    const char *exact;      /* why the counters are never used; NULL: they may be */
    bool most_wanted;       /* at the last poll, rules wanted most of the sockets */
    bool most_ipv6;         /* at the last poll, most were IPv6 */
    unsigned polls;         /* that could be counted */
    struct port_set wanted; /* local ports that rules want in this poll */
    struct sock_diag diag;
};

/* Looks for IPv6's table, since this process alone may be refused IPv6 sockets. Without procfs, IPv6 is assumed. */
static bool kernel_has_ipv6(void)
{
    return !access("/proc/net/tcp6", F_OK) || access("/proc/net/tcp", F_OK);
}

static int open_netlink(struct backend_state **out, const struct backend_want *want)
{
    struct backend_state *state = platform_memory_alloc(sizeof *state);
    int ret;

    if (!state)
        return -ENOMEM;
    ret = sock_diag_open(&state->diag, want);
    if (ret) {
        platform_memory_free(state, sizeof *state);
        return ret;
    }
    state->want = want;
    state->exact = want->exact       ? "every TCP socket is listed: SOCKPUSH_COUNT=exact"
                   : want->recording ? "every TCP socket is listed: a recording has all"
                                     : tcp_counters_unfit();
    *out = state;
    return 0;
}

static void close_netlink(struct backend_state *state)
{
    sock_diag_close(&state->diag);
    platform_memory_free(state, sizeof *state);
}

/* --- TCP ------------------------------------------------------------------------- */

/* Lists the sockets in these states, with LISTEN first where that is wanted. */
static int list(struct backend_state *state, struct netlink_dump *dump, uint32_t states)
{
    int ret = 0;

    if (state->want->listeners_first) {
        ret = sock_diag_tcp(&state->diag, dump, LISTEN, 0);
        states &= ~LISTEN;
    }
    return ret ? ret : sock_diag_tcp(&state->diag, dump, states, 0);
}

static bool read_counters(struct backend_state *state, struct tcp_counters *out)
{
    return tcp_counters_read(state->want->proc, state->want->recording, out);
}

/* Lists all sockets. With the counters of before (or NULL), checks that they would have given the same counts. */
static int list_all(struct backend_state *state, struct netlink_dump *dump, const struct tcp_counters *before)
{
    struct tcp_counters after;
    int ret = list(state, dump, ALL_STATES);

    if (ret || !before || !read_counters(state, &after) || !tcp_totals_differ(before, &after, &dump->rows))
        return ret;
    state->exact = "every TCP socket is listed: the kernel's counters differed";
    dump->report->contradicted++;
    return 0;
}

/* Writes the filter for the sockets that rules want, and for one family. Returns its bytes; 0: there is nothing to
 * list. */
static size_t make_filter(struct backend_state *state, enum filter_family family)
{
    struct port_range range[FILTER_RANGES];
    size_t n = state->want->ports ? ports_ranges(&state->wanted, range, FILTER_RANGES) : 0;

    return n || family ? netlink_filter(range, n, family, state->diag.tcp.filter) : 0;
}

static void emit_rest(const struct netlink_dump *dump, bool ipv6, enum tcp_state s, uint64_t n)
{
    const struct sock rest = {.protocol = PROTOCOL_TCP, .ip_version = ipv6 ? 6 : 4, .state = (uint8_t)s};

    if (n)
        dump->emit(dump->ctx, &rest, n);
}

/* Lists the sockets in rare states; of the others those that rules want, and all of the family that has fewer; and
 * takes the rest from the counters. */
static int count(struct backend_state *state, struct netlink_dump *dump, const struct tcp_counters *before)
{
    bool many_waiting = before->tw > (before->inuse + before->inuse6) / 4;
    uint32_t counted = ESTABLISHED | (many_waiting ? TIME_WAIT : 0);
    enum filter_family family = FILTER_NONE;
    struct tcp_counters after;
    struct tcp_rest rest;
    size_t filter_len;
    int ret = list(state, dump, ALL_STATES & ~counted);

    if (ret)
        return ret;
    if (dump->report->ipv6 && (many_waiting || before->inuse6 > dump->rows.full6))
        family = state->most_ipv6 ? FILTER_IPV4 : FILTER_IPV6;
    filter_len = make_filter(state, family);
    if (filter_len)
        ret = sock_diag_tcp(&state->diag, dump, counted, filter_len);
    if (ret == -EINVAL) {
        state->exact = "every TCP socket is listed: the kernel refuses filters";
        return sock_diag_tcp(&state->diag, dump, counted, 0);
    }
    if (ret)
        return ret;
    if (!read_counters(state, &after))
        after = *before;
    rest = tcp_totals_rest(before, &after, &dump->rows);
    if (!many_waiting)
        rest.time_wait = 0;
    emit_rest(dump, family == FILTER_IPV4, STATE_ESTABLISHED, rest.established);
    emit_rest(dump, family == FILTER_IPV4, STATE_TIME_WAIT, rest.time_wait);
    dump->rows.established[family == FILTER_IPV4] += rest.established;
    dump->rows.time_wait[family == FILTER_IPV4] += rest.time_wait;
    return 0;
}

/* Returns why all sockets are to be listed, or NULL. */
static const char *why_all(struct backend_state *state, bool has_counters, const struct tcp_counters *counters)
{
    if (state->exact)
        return state->exact;
    if (!has_counters)
        return "every TCP socket is listed: the kernel's counters cannot be read";
    if (counters->inuse + counters->inuse6 + counters->tw < FEW)
        return "every TCP socket is listed: they are few";
    if (state->most_wanted)
        return "every TCP socket is listed: port rules want most";
    return state->polls++ % CHECK_POLLS ? NULL
                                        : "every TCP socket is listed, this time, to check the kernel's counters";
}

static int poll_tcp(struct backend_state *state, struct netlink_dump *dump, bool records_counters)
{
    const struct tcp_rows *rows = &dump->rows;
    struct tcp_counters before;
    bool has_counters = (records_counters || !state->exact) && read_counters(state, &before);
    const char *why;
    int ret;

    if (state->want->ports) {
        state->wanted = *state->want->ports;
        dump->wanted = &state->wanted;
        dump->listening = state->want->listen ? &state->wanted : NULL;
    }
    why = why_all(state, has_counters, &before);
    dump->report->counting = why ? why : "TCP sockets are counted by the kernel's counters";
    ret = why ? list_all(state, dump, has_counters ? &before : NULL) : count(state, dump, &before);
    state->most_ipv6 = rows->established[1] + rows->time_wait[1] > rows->established[0] + rows->time_wait[0];
    state->most_wanted = rows->wanted / 2 >
                         (rows->established[0] + rows->established[1] + rows->time_wait[0] + rows->time_wait[1]) / 3;
    return ret;
}

/* --- both ------------------------------------------------------------------------- */

static int poll_netlink(struct backend_state *state, enum protocol protocol, sock_fn *emit, void *ctx,
                        struct poll_report *report)
{
    struct netlink_dump dump = {.protocol = protocol, .emit = emit, .ctx = ctx, .report = report};
    uint8_t has = (uint8_t)((kernel_has_ipv6() ? HAS_IPV6 : 0) | (protocol == PROTOCOL_TCP ? HAS_COUNTERS : 0));
    int ret = (int)recording_pass(state->want->recording, &has, sizeof has, sizeof has);

    if (ret < 0)
        return ret;
    report->ipv6 = has & HAS_IPV6;
    if (protocol == PROTOCOL_TCP)
        return poll_tcp(state, &dump, state->want->recording && has & HAS_COUNTERS);
    ret = sock_diag_udp(&state->diag, &dump, AF_INET);
    return ret || !report->ipv6 ? ret : sock_diag_udp(&state->diag, &dump, AF_INET6);
}

const struct backend backend_netlink = {
    .name = "netlink",
    .open = open_netlink,
    .poll = poll_netlink,
    .close = close_netlink,
};
