/* The platform's functions of sockets, for the instance that runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ip.h"
#include "fleet/fleet.h"

#define SILENCE (20 * SECOND) /* until the kernel ends a connection whose peer is silent: TCP_USER_TIMEOUT */

uint64_t lines_sent;

static struct sock_model *sock_of(int fd)
{
    return &nodes[fd / SOCKS].sock[fd % SOCKS];
}

/* --- waiting ------------------------------------------------------------------------------ */

int net_wake_open(struct net_wake *w)
{
    w->fd[0] = (int)node_current();
    return 0;
}

void net_wake_signal(struct net_wake *w)
{
    nodes[w->fd[0]].signalled = true;
}

static bool has_ended(const struct sock_model *s)
{
    return s->end_ns && clock_ns >= s->end_ns;
}

static bool is_readable(const struct sock_model *s)
{
    return (s->in_at < s->in_len && clock_ns >= s->in_ns) || has_ended(s);
}

/* Waits for fd, or for a signal unless w is NULL. Returns true if fd is readable. */
static bool await(struct net_wake *w, int fd, int timeout_ms)
{
    struct node *n = &nodes[node_current()];
    uint64_t limit_ns = timeout_ms < 0 ? UINT64_MAX : clock_ns + (unsigned)timeout_ms * MS;

    while (clock_ns < limit_ns && !(w && n->signalled) && !(fd >= 0 && is_readable(sock_of(fd))))
        node_wait(limit_ns);
    if (w)
        n->signalled = false;
    return fd >= 0 && is_readable(sock_of(fd));
}

bool net_wake_wait(struct net_wake *w, int fd, int timeout_ms)
{
    return await(w, fd, timeout_ms);
}

bool net_wait_readable(int fd, int timeout_ms)
{
    return await(NULL, fd, timeout_ms);
}

bool net_wait_writable(int fd, int timeout_ms)
{
    (void)fd, (void)timeout_ms;
    return true;
}

/* --- opening and closing -------------------------------------------------------------------- */

/* The names are "a" and "b". */
int net_resolve(const char *host, uint16_t port, struct net_addr *out, int max, int timeout_ms)
{
    (void)port, (void)max, (void)timeout_ms;
    memset(out, 0, sizeof *out);
    platform_sleep_ns(MS);
    out->bytes[0] = (unsigned char)aggregator.named[host[0] - 'a'];
    out->len = 1;
    return 1;
}

const char *net_resolve_error(int error)
{
    (void)error;
    return "";
}

static int open_socket(unsigned place, bool stream)
{
    struct node *n = &nodes[node_current()];

    for (unsigned i = 0; i < SOCKS; i++) {
        struct sock_model *s = &n->sock[i];

        if (s->open)
            continue;
        *s = (struct sock_model){.open = true, .stream = stream, .place = place, .generation = s->generation + 1};
        return (int)(node_current() * SOCKS + i);
    }
    abort();
}

/* Sends a SYN, and after 1, 3 and 7 s again, as Linux does. */
int net_connect(const struct net_addr *addr, bool stream, int timeout_ms)
{
    uint64_t until_ns = clock_ns + (unsigned)timeout_ms * MS, again_ns = clock_ns;

    if (!stream)
        return open_socket(addr->bytes[0], false);
    for (unsigned pause_s = 1; again_ns < until_ns; pause_s *= 2) {
        again_ns = clock_ns + pause_s * SECOND;
        platform_sleep_ns(LATENCY);
        switch (aggregator_connect(addr->bytes[0])) {
        case PLACE_ANSWERS: platform_sleep_ns(LATENCY); return open_socket(addr->bytes[0], true);
        case PLACE_REFUSES: platform_sleep_ns(LATENCY); return -ECONNREFUSED;
        case PLACE_SILENT: platform_sleep_ns((again_ns < until_ns ? again_ns : until_ns) - clock_ns);
        }
    }
    return -ETIMEDOUT;
}

void net_close(int fd)
{
    sock_of(fd)->open = false;
    sock_of(fd)->generation++;
}

void net_abort(int fd)
{
    net_close(fd);
}

void net_tcp_setup(int fd, unsigned silence_ms)
{
    (void)fd, (void)silence_ms;
}

size_t net_datagram_max(int fd)
{
    (void)fd;
    return 0;
}

int net_pending_error(int fd)
{
    (void)fd;
    return 0;
}

void net_ends(int fd, struct ip *from, struct ip *to)
{
    (void)fd;
    memset(from, 0, sizeof *from);
    memset(to, 0, sizeof *to);
}

int64_t net_tcp_window(int fd)
{
    (void)fd;
    return 65535;
}

/* --- sending ---------------------------------------------------------------------------------- */

static unsigned read_digits(const char *text, int n)
{
    unsigned number = 0;

    while (n--)
        number = 10 * number + (unsigned)(*text++ - '0');
    return number;
}

/* Adds the lines in data to the pieces, each of one snapshot. */
static unsigned read_lines(const char *data, size_t len, struct piece *piece, unsigned n)
{
    for (size_t at = 0; at + LINE_BYTES <= len + 1; at += LINE_BYTES) {
        unsigned line = (unsigned)read_digits(data + at + 1, 2);
        uint16_t poll = (uint16_t)read_digits(data + at + 4, 4);

        if (data[at] != 'l' || line >= LINES)
            abort();
        if (!n || piece[n - 1].poll != poll) {
            if (n == PIECES)
                abort();
            piece[n++] = (struct piece){.poll = poll};
        }
        piece[n - 1].mask |= UINT32_C(1) << line;
        lines_sent++;
    }
    return n;
}

/* Reads a request's head, or a part of its body. Returns true once it is whole. */
static bool read_request(struct sock_model *s, const char *data, size_t len)
{
    if (!memcmp(data, "POST", 4)) {
        s->body_left = strtoul(strstr(data, "Content-Length: ") + 16, NULL, 10);
        s->pieces = 0;
        return false;
    }
    s->pieces = read_lines(data, len, s->piece, s->pieces);
    s->body_left -= len;
    return !s->body_left;
}

long net_send_some(int fd, const void *data, size_t len)
{
    struct sock_model *s = sock_of(fd);
    struct flight *f = &s->flight[(s->first + s->flights) % FLIGHTS];
    bool http = ((const char *)data)[0] == 'P' || s->body_left;

    if (has_ended(s))
        return s->error ? s->error : -EPIPE;
    if (s->flights == FLIGHTS)
        return -EAGAIN;
    s->written += len;
    *f = (struct flight){.end = s->written, .sent_ns = clock_ns, .arrive_ns = clock_ns + LATENCY};
    if (http ? !read_request(s, data, len) : read_lines(data, len, &f->piece, 0) != 1)
        return (long)len; /* a head: its body follows at once */
    s->flights++;
    event_add(f->arrive_ns, EVENT_ARRIVE, (unsigned)fd / SOCKS, (unsigned)fd % SOCKS);
    return (long)len;
}

long net_tcp_send(int fd, const void *data, size_t len)
{
    return net_send_some(fd, data, len);
}

int net_send(int fd, const void *data, size_t len, int timeout_ms)
{
    struct sock_model *s = sock_of(fd);
    struct piece piece[PIECES];
    unsigned n = read_lines(data, len, piece, 0);

    (void)timeout_ms;
    if (aggregator.place[s->place].state == PLACE_ANSWERS)
        aggregator_store((unsigned)fd / SOCKS, piece, n);
    return 0;
}

/* --- arriving ---------------------------------------------------------------------------------- */

static void end_at(unsigned node, unsigned sock, uint64_t at_ns, int error)
{
    struct sock_model *s = &nodes[node].sock[sock];

    s->end_ns = at_ns;
    s->error = error;
    event_add(at_ns, EVENT_READY, node, sock);
}

static void take_request(unsigned node, unsigned sock)
{
    struct sock_model *s = &nodes[node].sock[sock];
    struct piece *last = &s->piece[s->pieces - 1];

    if (aggregator_answer(s->in, sizeof s->in)) {
        for (unsigned i = 0; i < aggregator.answers.rejects; i++)
            last->mask &= last->mask - 1; /* one line less */
        aggregator_store(node, s->piece, s->pieces);
    }
    s->in_len = strlen(s->in);
    s->in_at = 0;
    s->in_ns = clock_ns + aggregator.answers.delay_ns + LATENCY;
    event_add(s->in_ns, EVENT_READY, node, sock);
}

void network_arrive(unsigned node, unsigned sock)
{
    struct sock_model *s = &nodes[node].sock[sock];
    enum place_state state = aggregator.place[s->place].state;
    struct flight *f = NULL;

    for (unsigned i = 0; i < s->flights && !f; i++)
        if (!s->flight[(s->first + i) % FLIGHTS].arrived)
            f = &s->flight[(s->first + i) % FLIGHTS];
    if (!f || state == PLACE_SILENT)
        return;
    if (s->dead && !s->end_ns)
        end_at(node, sock, clock_ns + LATENCY, -ECONNRESET);
    if (s->dead)
        return;
    f->arrived = true;
    if (f->piece.mask)
        aggregator_store(node, &f->piece, 1);
    else
        take_request(node, sock);
}

/* Removes what is acknowledged by now. */
static void settle(struct sock_model *s)
{
    while (s->flights) {
        const struct flight *f = &s->flight[s->first];

        if (!f->arrived || clock_ns < f->arrive_ns + LATENCY)
            return;
        s->acked = f->end;
        s->first = (s->first + 1) % FLIGHTS;
        s->flights--;
    }
    s->acked = s->written;
}

int net_unacked(int fd, uint64_t *bytes)
{
    struct sock_model *s = sock_of(fd);

    settle(s);
    *bytes = s->written - s->acked;
    return 0;
}

/* Returns true if the oldest flight waits for too long. */
static bool is_silent(struct sock_model *s)
{
    settle(s);
    return s->flights && clock_ns - s->flight[s->first].sent_ns >= SILENCE;
}

long net_receive_some(int fd, void *data, size_t len)
{
    struct sock_model *s = sock_of(fd);
    size_t n = s->in_len - s->in_at < len ? s->in_len - s->in_at : len;

    if (n && clock_ns >= s->in_ns) {
        memcpy(data, s->in + s->in_at, n);
        s->in_at += n;
        return (long)n;
    }
    if (has_ended(s))
        return s->error;
    return is_silent(s) ? -ETIMEDOUT : -EAGAIN;
}

/* The aggregator ends its side, too, once it has everything. */
int net_finish(int fd)
{
    if (!sock_of(fd)->dead)
        end_at((unsigned)fd / SOCKS, (unsigned)fd % SOCKS, clock_ns + 2 * LATENCY, 0);
    return 0;
}

/* --- what happens to connections ------------------------------------------------------------- */

void network_cut(unsigned place, int error, bool silently)
{
    for (unsigned i = 0; i < n_nodes * SOCKS; i++) {
        struct sock_model *s = sock_of((int)i);

        if (!s->open || !s->stream || s->place != place || s->dead)
            continue;
        s->dead = true;
        if (s->in_at < s->in_len && s->in_ns > clock_ns + LATENCY)
            s->in_len = s->in_at = 0; /* this answer was not sent yet */
        if (!silently)
            end_at(i / SOCKS, i % SOCKS, clock_ns + LATENCY, error);
    }
}

/* A kernel sends again after a pause that doubles each time, so it does within the age of what was lost. */
void network_reset(unsigned place)
{
    for (unsigned i = 0; i < n_nodes * SOCKS; i++) {
        struct sock_model *s = sock_of((int)i);

        if (!s->open || !s->dead || s->place != place || s->end_ns || !s->flights)
            continue;
        end_at(i / SOCKS, i % SOCKS,
               clock_ns + platform_random((uint32_t)((clock_ns - s->flight[s->first].sent_ns) / MS) + 1) * MS,
               -ECONNRESET);
    }
}
