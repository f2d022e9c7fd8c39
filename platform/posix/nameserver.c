#include "nameserver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/format.h"
#include "posix/posix.h"

#define DNS_PORT 53
#define SECOND_ANSWER_MS 1000 /* for the other family, once one has told */
#define ANSWER_MAX 4096

_Static_assert(sizeof(struct sockaddr_storage) <= sizeof((struct net_addr){0}.bytes), "net_addr is too small");

void posix_make_addr(struct net_addr *out, const struct ip *ip, uint16_t port, uint32_t zone)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = zone};

    memset(out, 0, sizeof *out);
    if (ip->version == 4) {
        memcpy(&sin.sin_addr, ip->bytes, 4);
        memcpy(out->bytes, &sin, out->len = sizeof sin);
    } else {
        memcpy(&sin6.sin6_addr, ip->bytes, 16);
        memcpy(out->bytes, &sin6, out->len = sizeof sin6);
    }
}

/* Both families are asked at once and judged apart. */
struct question {
    uint8_t query[DNS_QUERY_MAX];
    size_t len;
    int result; /* addresses, enum dns_result, or NO_ANSWER until it is there */
    struct ip ip[8];
};

static int left_ms(uint64_t deadline)
{
    uint64_t now = platform_monotonic_ns();

    return now < deadline ? (int)((deadline - now) / 1000000) + 1 : 0;
}

static bool wait_for(int fd, short events, uint64_t deadline)
{
    struct pollfd p = {.fd = fd, .events = events};

    return posix_poll(&p, 1, left_ms(deadline)) > 0;
}

static bool read_whole(int fd, uint8_t *out, size_t len, uint64_t deadline)
{
    while (len) {
        ssize_t n = wait_for(fd, POLLIN, deadline) ? recv(fd, out, len, 0) : 0;

        if (n <= 0)
            return false;
        out += n;
        len -= (size_t)n;
    }
    return true;
}

/* The answer was too long for a datagram: RFC 7766, a length of two bytes before each. */
static int ask_tcp(const struct net_addr *server, struct question *q, uint64_t deadline)
{
    uint8_t answer[ANSWER_MAX], query[2 + DNS_QUERY_MAX] = {(uint8_t)(q->len >> 8), (uint8_t)q->len};
    int fd = net_connect(server, true, left_ms(deadline)), ret = NO_ANSWER;
    size_t len;

    if (fd < 0)
        return NO_ANSWER;
    memcpy(query + 2, q->query, q->len);
    if (net_send_some(fd, query, 2 + q->len) == (long)(2 + q->len) && read_whole(fd, answer, 2, deadline)) {
        len = (size_t)answer[0] << 8 | answer[1];
        if (len > sizeof answer)
            len = sizeof answer; /* more addresses than are wanted */
        if (read_whole(fd, answer, len, deadline))
            ret = dns_answer(answer, len, q->query, q->len, q->ip, 8);
    }
    close(fd);
    return ret == DNS_TRUNCATED || ret == DNS_NOT_OURS ? NO_ANSWER : ret;
}

static bool answered(const struct question *q)
{
    return q->result != NO_ANSWER;
}

/* The name is not there, or has an address: the other answer is not vital. */
static bool tells(const struct question *q)
{
    return q->result > 0 || q->result == DNS_NO_NAME;
}

/* When the next of n equal parts of the time left ends, or limit_ns from now if that is sooner. */
static uint64_t part_of(uint64_t deadline, int n, uint64_t limit_ns)
{
    uint64_t now = platform_monotonic_ns(), part = now < deadline ? (deadline - now) / (unsigned)n : 0;

    return now + (part < limit_ns ? part : limit_ns);
}

/* Reads answers to q[0] and q[1] until both are there or time is over. */
static void read_answers(int fd, const struct net_addr *server, struct question *q, uint64_t deadline)
{
    uint8_t answer[ANSWER_MAX];

    while ((!answered(&q[0]) || !answered(&q[1])) && wait_for(fd, POLLIN, deadline)) {
        ssize_t n = recv(fd, answer, sizeof answer, 0);

        if (n < 0 && errno == EAGAIN)
            continue; /* its checksum was wrong */
        if (n < 0)
            return; /* refused: nobody listens there */
        for (int i = 0; i < 2; i++) {
            int ret = answered(&q[i]) ? DNS_NOT_OURS : dns_answer(answer, (size_t)n, q[i].query, q[i].len, q[i].ip, 8);

            if (ret == DNS_NOT_OURS)
                continue;
            q[i].result = ret == DNS_TRUNCATED ? ask_tcp(server, &q[i], deadline) : ret;
            if (tells(&q[i]))
                deadline = part_of(deadline, 1, SECOND_ANSWER_MS * 1000000ull);
        }
    }
}

static void ask_server(const struct ip *ip, struct question *q, uint64_t deadline)
{
    struct net_addr server;
    int fd, ret = 0;

    posix_make_addr(&server, ip, DNS_PORT, 0);
    fd = net_connect(&server, false, 0);
    if (fd < 0)
        return;
    /* On loopback the second send already hears that the first was refused, and nobody else would. */
    for (int i = 0; i < 2 && !ret; i++)
        if (!answered(&q[i]))
            ret = net_send(fd, q[i].query, q[i].len, left_ms(deadline));
    if (!ret)
        read_answers(fd, &server, q, deadline);
    close(fd);
}

/* Addresses of one whole name, IPv4 first; or the better of both results. The server that
 * told becomes the first: a dead one before it costs its time once, not below each domain. */
static int ask(struct resolv_conf *conf, const char *name, struct found *out, uint64_t deadline)
{
    struct question q[2];

    for (int i = 0; i < 2; i++) {
        q[i].len = dns_query(q[i].query, (uint16_t)platform_random(65536), name, i ? DNS_AAAA : DNS_A);
        q[i].result = NO_ANSWER;
        if (!q[i].len)
            return NAME_INVALID;
    }
    for (int left = conf->attempts * conf->n_servers, n = 0; left; left--, n = (n + 1) % conf->n_servers) {
        struct ip server = conf->server[n];

        for (int i = 0; i < 2; i++)
            if (q[i].result == DNS_FAILED)
                q[i].result = NO_ANSWER; /* another server may tell */
        ask_server(&server, q, part_of(deadline, left, (uint64_t)conf->timeout_s * 1000000000));
        if (tells(&q[0]) || tells(&q[1]) || (q[0].result > DNS_FAILED && q[1].result > DNS_FAILED)) {
            conf->server[n] = conf->server[0];
            conf->server[0] = server;
            break;
        }
    }
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < q[i].result && out->n < FOUND_MAX; k++)
            out->ip[out->n++] = q[i].ip[k];
    return out->n ? out->n : q[0].result > q[1].result ? q[0].result : q[1].result;
}

/* out->host below search domain number n, or itself for n < 0. */
static int ask_below(struct resolv_conf *conf, int n, struct found *out, uint64_t deadline)
{
    char name[2 * DNS_NAME_MAX + 2];

    if (!text_format(name, sizeof name, "%s%s%s", out->host, n < 0 ? "" : ".", n < 0 ? "" : conf->search[n]))
        return NAME_INVALID;
    return ask(conf, name, out, deadline);
}

/* The name as it is and below each search domain; which comes first is up to its dots. One
 * that is never answered leaves the others their share of the time. */
int nameserver_ask(struct resolv_conf *conf, struct found *out, uint64_t deadline)
{
    const char *host = out->host;
    int dots = 0, ret = NO_SERVER, names;
    bool absolute = false, whole_first;

    for (const char *at = host; *at; at++) {
        dots += *at == '.';
        absolute = *at == '.' && !at[1];
    }
    whole_first = absolute || dots >= conf->ndots;
    names = !conf->n_servers ? 0 : absolute ? 1 : conf->n_search + 1;
    for (int i = 0; i < names; i++) {
        int below = whole_first ? i - 1 : i < conf->n_search ? i : -1;
        int one = ask_below(conf, below, out, part_of(deadline, names - i, UINT64_MAX));

        if (one > 0)
            return one;
        if (one > ret)
            ret = one;
    }
    return ret;
}
