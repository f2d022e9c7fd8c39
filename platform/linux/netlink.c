/* Sockets by inet_diag. */
#include "netlink.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "linux.h"
#include "netlink_tcp.h"
#include "platform.h"
#include "tcp_counters.h"

/* Bits of the first byte of a recorded reading. With HAS_COUNTERS, the counters precede the list and follow it. */
#define HAS_IPV6     1
#define HAS_COUNTERS 2

/* Looks for IPv6's table, since this process alone may be refused IPv6 sockets. IPv6 is assumed without procfs, and
 * where it cannot be read, for example for want of memory. */
static bool kernel_has_ipv6(void)
{
    return !access("/proc/net/tcp6", F_OK) || errno != ENOENT || access("/proc/net/tcp", F_OK);
}

/* Makes the filter of samples, once, because that takes longer than a sample of few listeners. Even with 64 ranges it
 * costs the kernel less than the rows of ten listeners. */
static void filter_samples(struct backend_state *state)
{
    const struct backend_want *want = state->want;

    if (!want->ports || want->listen)
        return;
    state->ranges.n[FILTER_LOCAL] = ports_ranges(want->ports, state->ranges.range[FILTER_LOCAL], FILTER_RANGES);
    state->sampled_len = netlink_filter(&state->ranges, FILTER_NONE, state->sampled);
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
    state->exact = tcp_counters_unfit();
    state->fit = !state->exact;
    if (want->exact)
        state->exact = "every TCP socket is listed: SOCKPUSH_COUNT=exact";
    else if (want->all_queues)
        state->exact = "every TCP socket is listed: SOCKPUSH_QUEUES=on";
    else if (want->recording)
        state->exact = "every TCP socket is listed: a recording has all";
    filter_samples(state);
    *out = state;
    return 0;
}

static void close_netlink(struct backend_state *state)
{
    sock_diag_close(&state->diag);
    platform_memory_free(state, sizeof *state);
}

static int poll_netlink(struct backend_state *state, enum protocol protocol, sock_fn *emit, void *ctx,
                        struct poll_report *report)
{
    struct netlink_dump dump = {.protocol = protocol, .emit = emit, .ctx = ctx, .report = report};
    bool counters = protocol == PROTOCOL_TCP && state->fit;
    uint8_t has = (uint8_t)((kernel_has_ipv6() ? HAS_IPV6 : 0) | (counters ? HAS_COUNTERS : 0));
    int ret = (int)recording_pass(state->want->recording, &has, sizeof has, sizeof has);

    if (ret < 0)
        return ret;
    report->ipv6 = has & HAS_IPV6;
    if (protocol == PROTOCOL_TCP) {
        report->queue_limits = report->cookies = report->queues[PROTOCOL_TCP] = true;
        return netlink_tcp(state, &dump, state->want->recording && has & HAS_COUNTERS);
    }
    report->drops = state->want->drops;
    report->queues[PROTOCOL_UDP] = true;
    ret = sock_diag_udp(&state->diag, &dump, AF_INET, state->want->drops);
    return ret || !report->ipv6 ? ret : sock_diag_udp(&state->diag, &dump, AF_INET6, state->want->drops);
}

static int list_listeners(struct backend_state *state, sock_fn *emit, void *ctx)
{
    struct poll_report report = {0};
    struct netlink_dump dump = {.protocol = PROTOCOL_TCP, .emit = emit, .ctx = ctx, .report = &report};
    int ret;

    memcpy(state->diag.tcp.filter, state->sampled, state->sampled_len);
    ret = sock_diag_tcp(&state->diag, &dump, NETLINK_LISTEN, state->sampled_len);
    if (ret != -EINVAL || !state->sampled_len)
        return ret;
    state->sampled_len = 0; /* the kernel refuses filters */
    return sock_diag_tcp(&state->diag, &dump, NETLINK_LISTEN, 0);
}

const struct backend backend_netlink = {
    .name = "netlink",
    .open = open_netlink,
    .poll = poll_netlink,
    .listeners = list_listeners,
    .close = close_netlink,
};
