/* Names to addresses: literals, localhost, /etc/hosts, DNS. Our own, because musl's waits
 * five seconds for "localhost" where there is no /etc/hosts, gives an A answer up when AAAA
 * fails, ends the search at the first domain that does not answer, has no DNS over TCP
 * before 1.2.4, and is, with what it needs, a quarter of the binary. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dns.h"
#include "format.h"
#include "lines.h"
#include "platform.h"
#include "value.h"

#define DNS_PORT 53
#define SECOND_ANSWER_MS 1000              /* for the other family, once one has told */
#define ANSWER_MAX 4096

_Static_assert(sizeof(struct sockaddr_storage) <= sizeof((struct net_addr){0}.bytes), "net_addr is too small");

/* What a look-up can come to beside enum dns_result, behind its last. The greatest of several is told. */
enum { NO_ANSWER = DNS_NOT_OURS - 1, NAME_INVALID = DNS_NOT_OURS - 2, NO_SERVER = DNS_NOT_OURS - 3 };

const char *net_resolve_error(int error)
{
    static const char text[][40] = {
        [-DNS_NO_ADDRESS] = "the name has no address",
        [-DNS_NO_NAME] = "no such name",
        [-DNS_FAILED] = "the nameserver could not tell",
        [-NAME_INVALID] = "not a host name",
        [-NO_SERVER] = "/etc/resolv.conf names no nameserver",
        [-NO_ANSWER] = "no nameserver answers",
    };

    return text[-error];
}

/* --- addresses ------------------------------------------------------------------ */

static void make_addr(struct net_addr *out, const struct ip *ip, uint16_t port, uint32_t zone)
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

/* fe80::1%eth0: the interface's number, or 0. */
static uint32_t zone_index(const char *zone)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {0};
    int64_t number = 0;

    if (!value_count(zone, &number) && text_format(request.ifr_name, sizeof request.ifr_name, "%s", zone) &&
        !ioctl(fd, SIOCGIFINDEX, &request))
        number = request.ifr_ifindex;
    close(fd);
    return (uint32_t)number;
}

static bool literal(const char *host, uint16_t port, struct net_addr *out)
{
    const char *zone = strchr(host, '%');
    struct ip ip;

    if (!ip_parse(host, zone ? (size_t)(zone - host) : strlen(host), &ip))
        return false;
    make_addr(out, &ip, port, zone ? zone_index(zone + 1) : 0);
    return true;
}

/* --- files ---------------------------------------------------------------------- */

/* As much of the file as can be read. */
static void read_file(const char *path, line_fn *fn, void *ctx)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char buf[4096];
    long left;

    if (fd < 0)
        return;
    left = lines_read(fd, buf, sizeof buf, fn, ctx);
    if (left > 0)
        fn(ctx, buf, (size_t)left); /* the last line, without its newline */
    close(fd);
}

static int take_conf_line(void *ctx, const char *line, size_t len)
{
    resolv_conf_line(ctx, line, len);
    return 0;
}

struct found {
    const char *host;
    struct ip ip[16];
    int n;
};

static int take_hosts_line(void *ctx, const char *line, size_t len)
{
    struct found *f = ctx;

    f->n += hosts_line(line, len, f->host, &f->ip[f->n]);
    return f->n == (int)(sizeof f->ip / sizeof *f->ip);
}

/* --- questions ------------------------------------------------------------------ */

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

    return poll(&p, 1, left_ms(deadline)) > 0;
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
    struct sockaddr_storage to;
    int fd, ret = NO_ANSWER;
    size_t len;

    memcpy(&to, server->bytes, sizeof to);
    fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return NO_ANSWER;
    memcpy(query + 2, q->query, q->len);
    if ((!connect(fd, (const struct sockaddr *)&to, server->len) || errno == EINPROGRESS) &&
        wait_for(fd, POLLOUT, deadline) && !net_send(fd, query, 2 + q->len, true, left_ms(deadline)) &&
        read_whole(fd, answer, 2, deadline)) {
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

    make_addr(&server, ip, DNS_PORT, 0);
    fd = net_connect(&server, false);
    if (fd < 0)
        return;
    /* On loopback the second send already hears that the first was refused, and nobody else would. */
    for (int i = 0; i < 2 && !ret; i++)
        if (!answered(&q[i]))
            ret = net_send(fd, q[i].query, q[i].len, false, left_ms(deadline));
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
        for (int k = 0; k < q[i].result && out->n < 16; k++)
            out->ip[out->n++] = q[i].ip[k];
    return out->n ? out->n : q[0].result > q[1].result ? q[0].result : q[1].result;
}

/* host below search domain number n, or itself for n < 0. */
static int ask_below(struct resolv_conf *conf, const char *host, int n, struct found *out, uint64_t deadline)
{
    char name[2 * DNS_NAME_MAX + 2];

    if (!text_format(name, sizeof name, "%s%s%s", host, n < 0 ? "" : ".", n < 0 ? "" : conf->search[n]))
        return NAME_INVALID;
    return ask(conf, name, out, deadline);
}

/* The name as it is and below each search domain; which comes first is up to its dots. One
 * that is never answered leaves the others their share of the time. */
static int ask_all(struct resolv_conf *conf, const char *host, struct found *out, uint64_t deadline)
{
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
        int one = ask_below(conf, host, below, out, part_of(deadline, names - i, UINT64_MAX));

        if (one > 0)
            return one;
        if (one > ret)
            ret = one;
    }
    return ret;
}

int net_resolve(const char *host, uint16_t port, struct net_addr *out, int max, int timeout_ms)
{
    static const struct ip loopback[] = {{4, {127, 0, 0, 1}}, {6, {[15] = 1}}};
    struct found found = {.host = host};
    struct resolv_conf conf;
    int ret = 0;

    if (literal(host, port, out))
        return 1;
    if (!strcasecmp(host, "localhost")) {
        memcpy(found.ip, loopback, sizeof loopback);
        found.n = 2;
    } else {
        read_file("/etc/hosts", take_hosts_line, &found);
    }
    if (!found.n) {
        resolv_conf_init(&conf);
        read_file("/etc/resolv.conf", take_conf_line, &conf);
        ret = ask_all(&conf, host, &found, platform_monotonic_ns() + (uint64_t)timeout_ms * 1000000);
    }
    if (!found.n)
        return ret;
    for (int i = 0; i < found.n && i < max; i++)
        make_addr(&out[i], &found.ip[i], port, 0);
    return found.n < max ? found.n : max;
}
