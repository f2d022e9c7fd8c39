/* TCP over netlink. Sockets that are ESTABLISHED or in TIME_WAIT are not listed where they are many, but counted by the
 * kernel's own counters (tcp_totals.h), as far as no port rule wants them. The counts are the same. */
#include "netlink_tcp.h"

#include <errno.h>

#include "tcp_counters.h"

/* TCP states 1 to 11 (include/net/tcp_states.h). Higher bits would add bound sockets, from a walk of another table. */
#define ALL_STATES  0xffeu
#define ESTABLISHED (1u << 1)
#define TIME_WAIT   (1u << 6)

/* Listing so few sockets costs no more than a second walk over the empty buckets of the kernel's hash table. */
#define FEW       2000
#define FEW_STILL 2250 /* once they are few, so that totals of queues do not come and go */

/* One of so many polls lists all sockets and compares. */
#define CHECK_POLLS 100

/* So many checks in a row must differ, in the same direction, until the counters are distrusted. A listener that is
 * there half of the time makes one in eight differ so. */
#define CHECKS_MAX 10

_Static_assert(SOCK_DIAG_RECV_MAX >= TCP_COUNTERS_BUF, "counters are read into the buffer for lists");

static bool read_counters(struct backend_state *state, enum tcp_opens opens, struct tcp_counters *out)
{
    return tcp_counters_read(state->want->proc, state->want->recording, opens, state->diag.buf, out);
}

/* Finds the ranges of one side for the filter: at most max. state->wanted has the ports between them, too: their
 * sockets are listed as well. */
static size_t find_ranges(struct backend_state *state, enum filter_side side, size_t max)
{
    struct port_range *range = state->ranges.range[side];
    size_t n = ports_ranges(&state->wanted[side], range, max);

    for (size_t i = 0; i < n; i++)
        ports_add_range(&state->wanted[side], range[i]);
    return state->ranges.n[side] = n;
}

/* Finds the ranges of both sides, once the listeners are known. At most half of them are for remote ports. */
static void find_all_ranges(struct backend_state *state)
{
    size_t remote = find_ranges(state, FILTER_REMOTE, FILTER_RANGES / 2);

    find_ranges(state, FILTER_LOCAL, FILTER_RANGES - remote);
}

static bool any_ranges(const struct backend_state *state)
{
    return state->ranges.n[FILTER_LOCAL] || state->ranges.n[FILTER_REMOTE];
}

static void emit_rest(const struct netlink_dump *dump, bool ipv6, enum tcp_state s, uint64_t n)
{
    const struct sock rest = {.protocol = PROTOCOL_TCP, .ip_version = ipv6 ? 6 : 4, .state = (uint8_t)s};

    if (n)
        dump->emit(dump->ctx, &rest, n);
}

static bool many_waiting(const struct tcp_counters *c)
{
    return c->tw > (c->inuse + c->inuse6) / 4;
}

/* Lists the sockets in rare states, but for those in `done`; of the others those that rules want, and all of the family
 * that has fewer; and takes the rest from the counters. */
static int count(struct backend_state *state, struct netlink_dump *dump, uint32_t done,
                 const struct tcp_counters *before)
{
    uint32_t counted = ESTABLISHED | (many_waiting(before) ? TIME_WAIT : 0);
    enum filter_family family = FILTER_NONE;
    struct tcp_counters after;
    struct tcp_rest rest;
    int ret = sock_diag_tcp(&state->diag, dump, ALL_STATES & ~counted & ~done, 0);

    if (ret)
        return ret;
    if (dump->report->ipv6 && (counted & TIME_WAIT || before->inuse6 > dump->rows.full6 || state->any_ipv6))
        family = state->most_ipv6 ? FILTER_IPV4 : FILTER_IPV6;
    if (family == FILTER_IPV6 && !any_ranges(state))
        ret = sock_diag_tcp_ipv6(&state->diag, dump, counted);
    else if (family || any_ranges(state))
        ret = sock_diag_tcp(&state->diag, dump, counted,
                            netlink_filter(&state->ranges, family, state->diag.tcp.filter));
    if (ret == -EINVAL) {
        dump->report->counting = state->exact = "every TCP socket is listed: the kernel refuses filters";
        return sock_diag_tcp(&state->diag, dump, counted, 0);
    }
    if (ret)
        return ret;
    if (!read_counters(state, OPENS_NOT_READ, &after))
        after = *before;
    rest = tcp_totals_rest(before, &after, &dump->rows);
    if (!(counted & TIME_WAIT))
        rest.time_wait = 0;
    emit_rest(dump, family == FILTER_IPV4, STATE_ESTABLISHED, rest.established);
    emit_rest(dump, family == FILTER_IPV4, STATE_TIME_WAIT, rest.time_wait);
    dump->rows.established[family == FILTER_IPV4] += rest.established;
    dump->rows.time_wait[family == FILTER_IPV4] += rest.time_wait;
    return 0;
}

/* Compares the list of all sockets with the counters. After a difference, the next poll is a check, too. */
static void check(struct backend_state *state, struct netlink_dump *dump, const struct tcp_counters *before)
{
    struct tcp_counters after;
    int more;

    if (!read_counters(state, OPENS_LAST, &after))
        return;
    more = tcp_totals_compare(before, &after, &dump->rows);
    state->differences = more * state->differences > 0 ? state->differences + more : more;
    state->contradicted = more * state->differences == CHECKS_MAX;
    state->counted = more ? 0 : 1;
    if (!state->contradicted)
        return;
    state->exact = "every TCP socket is listed: the kernel's counters differed";
    dump->report->contradicted++;
}

/* Returns why all sockets are to be listed, or NULL. A second walk of the kernel's table, which all namespaces share,
 * saves nothing where most sockets are other namespaces'. */
static const char *why_all(const struct backend_state *state, const struct tcp_counters *c)
{
    uint64_t sockets = c->inuse + c->inuse6 + c->tw;

    if (state->few)
        return "every TCP socket is listed: they are few";
    if ((any_ranges(state) || state->any_ipv6 || many_waiting(c)) && sockets < c->alloc / 4)
        return "every TCP socket is listed: most are in other network namespaces";
    if (state->most_listed)
        return "every TCP socket is listed: port rules or both IP versions want most";
    return NULL;
}

/* Keeps what the next poll decides by. */
static void remember(struct backend_state *state, const struct tcp_rows *rows)
{
    const uint64_t *all = rows->established;
    bool fewer, more;

    state->any_ipv6 = all[1] + rows->time_wait[1];
    state->most_ipv6 = all[1] + rows->time_wait[1] > all[0] + rows->time_wait[0];
    more = state->most_ipv6;
    fewer = !more; /* the family that a filter lists */
    state->most_listed = rows->wanted[more] + all[fewer] > (all[0] + all[1]) / 3 * 2;
}

int netlink_tcp(struct backend_state *state, struct netlink_dump *dump, bool records_counters)
{
    bool due = records_counters || (!state->counted && !state->few), has_counters = false;
    uint32_t done = state->want->listeners_first ? NETLINK_LISTEN : 0;
    const char *why = state->exact;
    struct tcp_counters before;
    int ret = 0;

    if (records_counters || !state->exact)
        has_counters = read_counters(state, due ? OPENS_FIRST : OPENS_NOT_READ, &before);
    if (state->want->ports) {
        state->wanted[FILTER_LOCAL] = *state->want->ports;
        dump->wanted = &state->wanted[FILTER_LOCAL];
        dump->listening = state->want->listen ? &state->wanted[FILTER_LOCAL] : NULL;
    }
    if (state->want->remote_ports) {
        state->wanted[FILTER_REMOTE] = *state->want->remote_ports;
        dump->wanted_remote = &state->wanted[FILTER_REMOTE];
    }
    if (done)
        ret = sock_diag_tcp(&state->diag, dump, done, 0);
    if (ret)
        return ret;
    if (!why && !has_counters)
        why = "every TCP socket is listed: the kernel's counters cannot be read";
    if (!why) {
        state->few = before.inuse + before.inuse6 + before.tw < (state->few ? FEW_STILL : FEW);
        if (!state->few && state->want->ports)
            find_all_ranges(state);
        why = why_all(state, &before);
        if (why)
            state->counted = 0;
    }
    dump->report->all_tcp = why;
    if (!why && !state->counted)
        why = "every TCP socket is listed, this time, to check the kernel's counters";
    dump->report->counting = why ? why : "TCP sockets are counted by the kernel's counters";
    if (!why) {
        state->counted = (state->counted + 1) % CHECK_POLLS;
        ret = count(state, dump, done, &before);
    } else {
        ret = sock_diag_tcp(&state->diag, dump, ALL_STATES & ~done, 0);
        if (!ret && has_counters && due && !state->contradicted)
            check(state, dump, &before);
    }
    if (!ret)
        remember(state, &dump->rows);
    return ret;
}
