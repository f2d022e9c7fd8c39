#include "netlink.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "linux.h"
#include "netlink_parse.h"
#include "platform.h"

#define RECV_MAX        16384 /* larger is not faster */
#define RECV_TIMEOUT_S  5     /* the last resort: a dump is answered within the call */
#define INTERRUPTED_MAX 3
#define LISTEN_BIT      (1u << 10)
/* States 1 to 11. Higher bits would add bound sockets, from a walk of another table. */
#define ALL_STATES      0xffeu

struct backend_state {
    int fd;
    uint32_t seq;
    bool listeners_first;
    struct recording *recording;
    _Alignas(struct nlmsghdr) char buf[RECV_MAX];
};

/* Looks for IPv6's table, since this process alone may be refused IPv6 sockets. Without procfs, IPv6 is assumed. */
static uint8_t kernel_has_ipv6(void)
{
    return !access("/proc/net/tcp6", F_OK) || access("/proc/net/tcp", F_OK);
}

/* Opens the netlink socket. Returns it, -1 for a replay, which needs none, or -errno. */
static int open_socket(const struct backend_want *want)
{
    const struct timeval timeout = {.tv_sec = RECV_TIMEOUT_S};
    int fd, ret;

    if (recording_replays(want->recording))
        return -1;
    if (!linux_own_namespace(want->proc))
        return -EXDEV; /* netlink reads this process's namespace only */
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return -errno;
    if (!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout))
        return fd;
    ret = -errno;
    close(fd);
    return ret;
}

static int open_netlink(struct backend_state **out, const struct backend_want *want)
{
    int fd = open_socket(want);
    struct backend_state *state;

    if (fd < 0 && !recording_replays(want->recording))
        return fd;
    state = platform_memory_alloc(sizeof *state);
    if (!state) {
        close(fd);
        return -ENOMEM;
    }
    state->fd = fd;
    state->listeners_first = want->listeners_first;
    state->recording = want->recording;
    *out = state;
    return 0;
}

static void close_netlink(struct backend_state *state)
{
    close(state->fd);
    platform_memory_free(state, sizeof *state);
}

/* Receives the kernel's next datagram. Returns its length or -errno. */
static long receive(struct backend_state *state)
{
    for (int interrupted = 0;;) {
        struct sockaddr_nl from = {0};
        socklen_t from_len = sizeof from;
        ssize_t n = recvfrom(state->fd, state->buf, sizeof state->buf, MSG_TRUNC, (struct sockaddr *)&from, &from_len);

        if (n < 0 && (errno != EINTR || ++interrupted > INTERRUPTED_MAX))
            return -errno;
        if (n >= 0 && !from.nl_pid)
            return (size_t)n > sizeof state->buf ? -EMSGSIZE : n;
    }
}

static int read_answer(struct backend_state *state, const struct netlink_dump *dump)
{
    int ret;

    do {
        long n = recording_replays(state->recording) ? 0 : receive(state);

        n = recording_pass(state->recording, state->buf, sizeof state->buf, n);
        if (n > 0)
            ret = netlink_parse(state->buf, (size_t)n, dump);
        else
            ret = n ? (int)n : -EBADMSG;
    } while (ret == NETLINK_MORE);
    return ret < 0 ? ret : 0;
}

static int ask(struct backend_state *state, void *request, size_t len, uint16_t type, const struct netlink_dump *dump)
{
    struct nlmsghdr *h = request;

    *h = (struct nlmsghdr){
        .nlmsg_len = (uint32_t)len,
        .nlmsg_type = type,
        .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
        .nlmsg_seq = dump->seq,
    };
    if (!recording_replays(state->recording) && send(state->fd, request, len, 0) < 0)
        return -errno;
    return read_answer(state, dump);
}

/* The old request walks both families at once, which halves the walks. */
static int dump_tcp(struct backend_state *state, struct netlink_dump *dump, uint32_t states)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req body;
    } request = {.body = {.idiag_family = AF_INET, .idiag_states = states}};

    dump->seq = ++state->seq;
    return ask(state, &request, sizeof request, TCPDIAG_GETSOCK, dump);
}

static int dump_udp(struct backend_state *state, struct netlink_dump *dump, uint8_t family)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {.body = {.sdiag_family = family, .sdiag_protocol = IPPROTO_UDP, .idiag_states = ALL_STATES}};

    dump->seq = ++state->seq;
    return ask(state, &request, sizeof request, SOCK_DIAG_BY_FAMILY, dump);
}

static int poll_netlink(struct backend_state *state, enum protocol protocol, sock_fn *emit, void *ctx,
                        struct poll_report *report)
{
    struct netlink_dump dump = {.protocol = protocol, .emit = emit, .ctx = ctx, .report = report};
    uint8_t ipv6 = kernel_has_ipv6();
    int ret = (int)recording_pass(state->recording, &ipv6, sizeof ipv6, sizeof ipv6);

    if (ret < 0)
        return ret;
    report->ipv6 = ipv6;
    if (protocol == PROTOCOL_UDP) {
        ret = dump_udp(state, &dump, AF_INET);
        return ret || !ipv6 ? ret : dump_udp(state, &dump, AF_INET6);
    }
    if (!state->listeners_first)
        return dump_tcp(state, &dump, ALL_STATES);
    ret = dump_tcp(state, &dump, LISTEN_BIT);
    return ret ? ret : dump_tcp(state, &dump, ALL_STATES & ~LISTEN_BIT);
}

const struct backend backend_netlink = {
    .name = "netlink",
    .open = open_netlink,
    .poll = poll_netlink,
    .close = close_netlink,
};
