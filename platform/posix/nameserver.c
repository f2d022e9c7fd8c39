#include "nameserver.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/format.h"
#include "posix/posix.h"

#define DNS_PORT         53
#define SECOND_ANSWER_MS 1000 /* for the other family's answer, once one is decisive */
#define NEXT_SERVER_MS   300  /* until the next server is asked as well; doubles with each round */
#define ANSWER_MAX       4096

/* A question for one family. Both are asked at once and judged apart. */
struct question {
    uint8_t query[DNS_QUERY_MAX];
    size_t len;
    int result;  /* number of addresses, enum dns_result, or NO_ANSWER until it is known */
    int failure; /* of a server that failed, where another may not; 0: none */
    struct ip ip[8];
};

static bool wait_readable(int fd, uint64_t deadline_ns)
{
    int left_ms = deadline_left_ms(deadline_ns);

    return left_ms && net_wait_readable(fd, left_ms);
}

static bool read_whole(int fd, uint8_t *out, size_t len, uint64_t deadline_ns)
{
    while (len) {
        ssize_t n = wait_readable(fd, deadline_ns) ? recv(fd, out, len, 0) : 0;

        if (n <= 0)
            return false;
        out += n;
        len -= (size_t)n;
    }
    return true;
}

/* Asks over TCP, for an answer that was too long for a datagram. Each message follows its length in two bytes (RFC
 * 7766, 8). */
static int ask_tcp(const struct net_addr *server, struct question *q, uint64_t deadline_ns)
{
    uint8_t answer[ANSWER_MAX], query[2 + DNS_QUERY_MAX] = {(uint8_t)(q->len >> 8), (uint8_t)q->len};
    int fd = net_connect(server, true, deadline_left_ms(deadline_ns)), ret = DNS_NO_TCP;
    size_t len;

    if (fd < 0)
        return DNS_NO_TCP;
    memcpy(query + 2, q->query, q->len);
    /* A fresh connection accepts that much at once. */
    if (net_send_some(fd, query, 2 + q->len) == (long)(2 + q->len) && read_whole(fd, answer, 2, deadline_ns)) {
        len = (size_t)answer[0] << 8 | answer[1];
        if (len > sizeof answer)
            len = sizeof answer; /* more addresses than wanted */
        if (read_whole(fd, answer, len, deadline_ns))
            ret = dns_answer(answer, len, q->query, q->len, q->ip, 8);
    }
    net_close(fd);
    return ret == DNS_TRUNCATED || ret == DNS_NOT_OURS ? DNS_NO_TCP : ret;
}

static bool answered(const struct question *q)
{
    return q->result != NO_ANSWER;
}

/* Returns true if the name does not exist or has an address, which makes the other answer optional. */
static bool is_decided(const struct question *q)
{
    return q->result > 0 || q->result == DNS_NO_NAME;
}

/* Returns when the next of n equal parts of the time left ends. */
static uint64_t part_of(uint64_t deadline_ns, int n)
{
    uint64_t now = platform_monotonic_ns();

    return now + (now < deadline_ns ? (deadline_ns - now) / (unsigned)n : 0);
}

/* The servers for one name. Sockets stay open, since a late answer to an earlier try is as good. */
struct servers {
    struct net_addr addr[DNS_SERVERS_MAX];
    struct pollfd p[DNS_SERVERS_MAX]; /* fd -1: not open, or nobody listens there */
    unsigned failed[DNS_SERVERS_MAX]; /* bits of the questions that it failed to answer */
    int n, decided_by;                /* decided_by: the last server with a decisive answer */
};

static void open_servers(struct servers *s, const struct resolv_conf *conf)
{
    *s = (struct servers){.n = conf->n_servers};
    for (int i = 0; i < s->n; i++) {
        posix_make_addr(&s->addr[i], &conf->server[i], DNS_PORT);
        s->p[i] = (struct pollfd){.fd = net_connect(&s->addr[i], false, 0), .events = POLLIN};
    }
}

static void close_server(struct servers *s, int i)
{
    if (s->p[i].fd >= 0)
        net_close(s->p[i].fd);
    s->p[i].fd = -1;
}

/* Sends the open questions to a server, and closes its socket on an error. On loopback the second send reports that the
 * first was refused, which nothing else would. */
static void send_questions(struct servers *s, int i, const struct question *q)
{
    int ret = s->p[i].fd < 0 ? -ENOTCONN : 0;

    for (int k = 0; k < 2 && !ret; k++)
        if (!answered(&q[k]))
            ret = net_send(s->p[i].fd, q[k].query, q[k].len, 0);
    if (ret && ret != -ETIMEDOUT)
        close_server(s, i);
}

/* Returns true if the server is reachable and has not failed at every open question. */
static bool may_answer(const struct servers *s, int i, const struct question *q)
{
    bool any = false;

    for (int k = 0; k < 2; k++)
        any |= !answered(&q[k]) && !(s->failed[i] >> k & 1);
    return any && s->p[i].fd >= 0;
}

static bool any_may_answer(const struct servers *s, const struct question *q)
{
    bool any = false;

    for (int i = 0; i < s->n; i++)
        any |= may_answer(s, i, q);
    return any;
}

static void take_answer(struct servers *s, int i, const uint8_t *answer, size_t len, struct question *q,
                        uint64_t deadline_ns)
{
    for (int k = 0; k < 2; k++) {
        int ret = answered(&q[k]) ? DNS_NOT_OURS : dns_answer(answer, len, q[k].query, q[k].len, q[k].ip, 8);

        if (ret == DNS_NOT_OURS)
            continue;
        if (ret == DNS_TRUNCATED)
            ret = ask_tcp(&s->addr[i], &q[k], part_of(deadline_ns, 2)); /* the rest of the time is for other servers */
        if (ret == DNS_FAILED || ret == DNS_NO_TCP) {
            q[k].failure = ret;
            s->failed[i] |= 1u << k;
            continue;
        }
        q[k].result = ret;
        if (is_decided(&q[k]))
            s->decided_by = i;
    }
}

static void read_answer(struct servers *s, int i, struct question *q, uint64_t deadline_ns)
{
    uint8_t answer[ANSWER_MAX];
    ssize_t n = recv(s->p[i].fd, answer, sizeof answer, MSG_DONTWAIT);

    if (n >= 0) {
        take_answer(s, i, answer, (size_t)n, q, deadline_ns);
    } else if (errno != EAGAIN && errno != EINTR) { /* refused; a wrong checksum is EAGAIN */
        close_server(s, i);
    }
}

/* Reads answers until until_ns, or until it is time to go on. After a decisive answer, the other one has a second. */
static void await_answers(struct servers *s, struct question *q, uint64_t until_ns, uint64_t deadline_ns)
{
    bool decided = false;
    int left_ms;

    while ((left_ms = deadline_left_ms(until_ns)) && !(answered(&q[0]) && answered(&q[1]))) {
        if (!any_may_answer(s, q) || posix_poll(s->p, (unsigned)s->n, left_ms) <= 0)
            return;
        for (int i = 0; i < s->n; i++)
            if (s->p[i].fd >= 0 && s->p[i].revents)
                read_answer(s, i, q, deadline_ns);
        if (!decided && (is_decided(&q[0]) || is_decided(&q[1]))) {
            uint64_t soon_ns = deadline_in(SECOND_ANSWER_MS);

            until_ns = soon_ns < deadline_ns ? soon_ns : deadline_ns;
            decided = true;
        }
    }
}

/* Returns true if both answers are known, or a decisive one, or no server is left that may answer. */
static bool is_over(const struct servers *s, const struct question *q)
{
    return !any_may_answer(s, q) || is_decided(&q[0]) || is_decided(&q[1]) || (answered(&q[0]) && answered(&q[1]));
}

/* Asks the servers one after another, in rounds whose pauses double, until the answers are known or no server is left
 * that may answer. */
static void ask_servers(struct servers *s, const struct resolv_conf *conf, struct question *q, uint64_t deadline_ns)
{
    unsigned pause_ms = NEXT_SERVER_MS, longest_ms = (unsigned)conf->timeout_s * 1000;

    for (; deadline_left_ms(deadline_ns) && !is_over(s, q); pause_ms *= 2)
        for (int i = 0; i < s->n && deadline_left_ms(deadline_ns) && !is_over(s, q); i++) {
            uint64_t next_ns = deadline_in(pause_ms < longest_ms ? pause_ms : longest_ms);

            if (!may_answer(s, i, q))
                continue;
            send_questions(s, i, q);
            await_answers(s, q, next_ns < deadline_ns ? next_ns : deadline_ns, deadline_ns);
        }
}

/* Returns the more informative of two failures. */
static int worse_news(int a, int b)
{
    if (a == DNS_NO_TCP || b == DNS_NO_TCP)
        return DNS_NO_TCP;
    return a > b ? a : b;
}

/* Looks up one whole name. Returns the number of addresses, IPv4 first, or the more informative of both failures. The
 * server that decided becomes the first one. */
static int ask(struct resolv_conf *conf, const char *name, struct found *out, uint64_t deadline_ns)
{
    unsigned longest_ms = (unsigned)(conf->timeout_s * conf->attempts * conf->n_servers) * 1000;
    uint64_t end_ns = deadline_in(longest_ms);
    struct scoped_ip first;
    struct question q[2];
    struct servers s;

    for (int i = 0; i < 2; i++) {
        q[i].len = dns_query(q[i].query, (uint16_t)platform_random(65536), name, i ? DNS_AAAA : DNS_A);
        q[i].result = NO_ANSWER;
        q[i].failure = 0;
        if (!q[i].len)
            return NAME_INVALID;
    }
    open_servers(&s, conf);
    ask_servers(&s, conf, q, end_ns < deadline_ns ? end_ns : deadline_ns);
    for (int i = 0; i < s.n; i++)
        close_server(&s, i);
    first = conf->server[s.decided_by];
    conf->server[s.decided_by] = conf->server[0];
    conf->server[0] = first;
    for (int i = 0; i < 2; i++)
        if (!answered(&q[i]) && q[i].failure)
            q[i].result = q[i].failure;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < q[i].result && out->n < FOUND_MAX; k++)
            out->ip[out->n++] = (struct scoped_ip){.ip = q[i].ip[k]};
    return out->n ? out->n : worse_news(q[0].result, q[1].result);
}

/* Looks up out->host below search domain number n, or itself for n < 0. */
static int ask_below(struct resolv_conf *conf, int n, struct found *out, uint64_t deadline_ns)
{
    char name[2 * DNS_NAME_MAX + 2];

    if (!text_format(name, sizeof name, "%s%s%s", out->host, n < 0 ? "" : ".", n < 0 ? "" : conf->search[n]))
        return NAME_INVALID;
    return ask(conf, name, out, deadline_ns);
}

/* Tries the name as it is and below each search domain, in an order that depends on its dots. Each gets an equal share
 * of the time left, in case one is never answered. */
int nameserver_ask(struct resolv_conf *conf, struct found *out, uint64_t deadline_ns)
{
    const char *host = out->host;
    int dots = 0, ret = NAME_INVALID, names;
    bool absolute = false, whole_first;

    for (const char *at = host; *at; at++) {
        dots += *at == '.';
        absolute = *at == '.' && !at[1];
    }
    whole_first = absolute || dots >= conf->ndots;
    names = absolute ? 1 : conf->n_search + 1;
    for (int i = 0; i < names; i++) {
        int below = whole_first ? i - 1 : i < conf->n_search ? i : -1;
        int one = ask_below(conf, below, out, part_of(deadline_ns, names - i));

        if (one > 0)
            return one;
        ret = i ? worse_news(one, ret) : one;
    }
    return ret;
}
