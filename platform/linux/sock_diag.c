#include "sock_diag.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "linux.h"

#define RECV_TIMEOUT_S  5 /* the last resort: a dump is answered within the call */
#define INTERRUPTED_MAX 3
#define UDP_STATES      0xffeu /* connected sockets are ESTABLISHED to the kernel, the others CLOSE */

int sock_diag_open(struct sock_diag *diag, const struct backend_want *want)
{
    const struct timeval timeout = {.tv_sec = RECV_TIMEOUT_S};
    int ret;

    diag->fd = -1;
    diag->recording = want->recording;
    if (recording_replays(want->recording))
        return 0;
    if (!linux_own_namespace(want->proc))
        return -EXDEV; /* netlink reads this process's namespace only */
    diag->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (diag->fd < 0)
        return -errno;
    if (!setsockopt(diag->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout))
        return 0;
    ret = -errno;
    close(diag->fd);
    return ret;
}

void sock_diag_close(struct sock_diag *diag)
{
    close(diag->fd);
}

/* Receives the kernel's next datagram. Returns its length or -errno. */
static long receive(struct sock_diag *diag)
{
    for (int interrupted = 0;;) {
        struct sockaddr_nl from = {0};
        socklen_t from_len = sizeof from;
        ssize_t n = recvfrom(diag->fd, diag->buf, sizeof diag->buf, MSG_TRUNC, (struct sockaddr *)&from, &from_len);

        if (n < 0 && (errno != EINTR || ++interrupted > INTERRUPTED_MAX))
            return -errno;
        if (n >= 0 && !from.nl_pid)
            return (size_t)n > sizeof diag->buf ? -EMSGSIZE : n;
    }
}

static int read_answer(struct sock_diag *diag, struct netlink_dump *dump)
{
    int ret;

    do {
        long n = recording_replays(diag->recording) ? 0 : receive(diag);

        n = recording_pass(diag->recording, diag->buf, sizeof diag->buf, n);
        if (n > 0)
            ret = netlink_parse(diag->buf, (size_t)n, dump);
        else
            ret = n ? (int)n : -EBADMSG;
    } while (ret == NETLINK_MORE);
    return ret < 0 ? ret : 0;
}

/* Sends a request of len bytes, and reads what the kernel answers. Returns 0 or -errno. */
static int ask(struct sock_diag *diag, struct netlink_dump *dump, struct nlmsghdr *header, uint16_t type, size_t len)
{
    *header = (struct nlmsghdr){
        .nlmsg_len = (uint32_t)len,
        .nlmsg_type = type,
        .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
        .nlmsg_seq = ++diag->seq,
    };
    dump->seq = diag->seq;
    if (!recording_replays(diag->recording) && send(diag->fd, header, len, 0) < 0)
        return -errno;
    return read_answer(diag, dump);
}

int sock_diag_tcp(struct sock_diag *diag, struct netlink_dump *dump, uint32_t states, size_t filter_len)
{
    size_t len = offsetof(struct sock_diag, tcp.attribute) - offsetof(struct sock_diag, tcp);

    /* The old request walks both families at once, which halves the walks. */
    diag->tcp.body = (struct inet_diag_req){.idiag_family = AF_INET, .idiag_states = states};
    diag->tcp.attribute.nla_type = INET_DIAG_REQ_BYTECODE;
    diag->tcp.attribute.nla_len = (uint16_t)(sizeof diag->tcp.attribute + filter_len);
    return ask(diag, dump, &diag->tcp.header, TCPDIAG_GETSOCK, filter_len ? len + diag->tcp.attribute.nla_len : len);
}

int sock_diag_tcp_ipv6(struct sock_diag *diag, struct netlink_dump *dump, uint32_t states)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
        struct nlattr attribute;
        uint32_t filter[FILTER_FAMILY_MAX / sizeof(uint32_t)];
    } request = {.body = {.sdiag_family = AF_INET6, .sdiag_protocol = IPPROTO_TCP, .idiag_states = states},
                 .attribute = {.nla_type = INET_DIAG_REQ_BYTECODE}};
    const struct filter_ports none = {.n = {0}};
    size_t len = netlink_filter(&none, FILTER_IPV6, request.filter);

    request.attribute.nla_len = (uint16_t)(sizeof request.attribute + len);
    return ask(diag, dump, &request.header, SOCK_DIAG_BY_FAMILY, sizeof request - sizeof request.filter + len);
}

int sock_diag_udp(struct sock_diag *diag, struct netlink_dump *dump, uint8_t family, bool drops)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {.body = {.sdiag_family = family,
                          .sdiag_protocol = IPPROTO_UDP,
                          .idiag_ext = drops ? 1u << (INET_DIAG_SKMEMINFO - 1) : 0,
                          .idiag_states = UDP_STATES}};

    return ask(diag, dump, &request.header, SOCK_DIAG_BY_FAMILY, sizeof request);
}
