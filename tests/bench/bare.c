/* bare: the least that a program can do to count the machine's sockets. The bench compares sockpush's CPU time with
 * it.
 *
 * It asks the kernel the same questions (one legacy dump for TCP over both IP versions, one dump each for UDP over
 * IPv4 and IPv6), receives the answers into a buffer of the same size, and adds one to a counter per row. It has no
 * rules, series, encoding, sending or fall-back.
 *
 * It polls once for every line on standard input. "all" asks for all TCP sockets, "walk" for those that are not
 * ESTABLISHED: then the kernel only looks at most of them. It answers with one line:
 *     CPU nanoseconds (user + system), sockets, established TCP sockets */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BUFFER_BYTES    16384
#define ALL_STATES      0xffe /* bits 12 and above are not states that a user knows */
#define TCP_ESTABLISHED 1

static union {
    struct nlmsghdr align;
    char bytes[BUFFER_BYTES];
} buffer;

static unsigned long tcp_by_state[256], udp_by_state[256];

static void die(const char *what)
{
    fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Counts the rows of one datagram. Returns 1 at the dump's end. */
static int count_rows(size_t length, unsigned long *by_state)
{
    struct nlmsghdr *message = &buffer.align;

    for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
        const struct inet_diag_msg *row = NLMSG_DATA(message);

        if (message->nlmsg_type == NLMSG_DONE)
            return 1;
        if (message->nlmsg_type == NLMSG_ERROR) {
            errno = EOPNOTSUPP;
            die("the kernel refused the dump");
        }
        by_state[row->idiag_state]++;
    }
    return 0;
}

static void dump(int fd, const void *request, size_t length, unsigned long *by_state)
{
    if (send(fd, request, length, 0) < 0)
        die("send");
    for (;;) {
        ssize_t received = recv(fd, buffer.bytes, sizeof buffer.bytes, 0);

        if (received <= 0)
            die("recv");
        if (count_rows((size_t)received, by_state))
            return;
    }
}

static void dump_tcp(int fd, unsigned states)
{
    const struct {
        struct nlmsghdr header;
        struct inet_diag_req body;
    } request = {
        .header =
            {
                .nlmsg_len = sizeof request,
                .nlmsg_type = TCPDIAG_GETSOCK,
                .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
            },
        .body = {.idiag_family = AF_INET, .idiag_states = states},
    };

    dump(fd, &request, sizeof request, tcp_by_state);
}

static void dump_udp(int fd, unsigned char family)
{
    const struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header =
            {
                .nlmsg_len = sizeof request,
                .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
            },
        .body =
            {
                .sdiag_family = family,
                .sdiag_protocol = IPPROTO_UDP,
                .idiag_states = ALL_STATES,
            },
    };

    dump(fd, &request, sizeof request, udp_by_state);
}

static long long cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static unsigned long sum(const unsigned long *by_state)
{
    unsigned long n = 0;

    for (int i = 0; i < 256; i++)
        n += by_state[i];
    return n;
}

int main(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    char line[16];

    if (fd < 0)
        die("socket");
    while (fgets(line, sizeof line, stdin)) {
        const bool walk = strcmp(line, "walk\n") == 0;
        const long long before = cpu_ns();

        memset(tcp_by_state, 0, sizeof tcp_by_state);
        memset(udp_by_state, 0, sizeof udp_by_state);
        dump_tcp(fd, walk ? ALL_STATES & ~(1U << TCP_ESTABLISHED) : ALL_STATES);
        dump_udp(fd, AF_INET);
        dump_udp(fd, AF_INET6);
        printf("%lld %lu %lu\n", cpu_ns() - before, sum(tcp_by_state) + sum(udp_by_state),
               tcp_by_state[TCP_ESTABLISHED]);
        fflush(stdout);
    }
    return 0;
}
