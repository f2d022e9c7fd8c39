/* udp://HOST[:PORT]. The socket is connected, so that the kernel reports a refused datagram. A connected socket keeps
 * the source address, route and NAT mapping of its opening, so it is renewed together with the name's address. */
#include <errno.h>
#include <string.h>

#include "base/deadline.h"
#include "base/ip.h"
#include "base/log.h"
#include "output/limits.h"
#include "output/transport.h"

static bool resolved_long_ago(const struct link *l)
{
    return !l->known->n || platform_monotonic_ns() - l->known->resolved_ns >= REFRESH_MS * NS_PER_MS;
}

static void adopt_socket(struct link *l, int fd)
{
    link_adopt(l, fd, false);
    l->datagram_max = net_datagram_max(fd);
}

/* Tries every address once, starting with the current one. Returns 0 or -errno. */
static int open_udp(struct link *l)
{
    struct addresses *known = l->known;
    int ret = resolved_long_ago(l) ? link_resolve(l, 0) : 0;

    for (int i = 0; !ret && i < known->n; i++) {
        int fd = net_connect(&known->addr[known->current], false, 0);

        if (fd >= 0) {
            adopt_socket(l, fd);
            return 0;
        }
        ret = i + 1 < known->n ? 0 : fd;
        known->current = (known->current + 1) % known->n;
    }
    if (ret)
        known->n = 0; /* no address works: look the name up next time */
    return ret;
}

/* Logs the addresses that datagrams now go from and to, if they changed. */
static void log_change(const struct link *l, int before, int now)
{
    enum { OLD_FROM, OLD_TO, FROM, TO, ENDS };
    struct ip ip[ENDS];
    char text[ENDS][IP_TEXT_MAX];

    net_ends(before, &ip[OLD_FROM], &ip[OLD_TO]);
    net_ends(now, &ip[FROM], &ip[TO]);
    if (!memcmp(&ip[OLD_FROM], &ip[FROM], 2 * sizeof *ip))
        return;
    for (int i = 0; i < ENDS; i++)
        ip_format(&ip[i], text[i]);
    log_event(LOG_INFO, "output", l->endpoint->name, "datagrams now go from %s to %s, before from %s to %s", text[FROM],
              text[TO], text[OLD_FROM], text[OLD_TO]);
}

/* Opens a socket to the name's current address, over the current route. If that fails, the old one stays. */
static void renew(struct link *l)
{
    int fd;

    link_resolve(l, 0);
    fd = net_connect(&l->known->addr[l->known->current], false, 0);
    if (fd < 0) {
        log_event(LOG_DEBUG, "output", l->endpoint->name, "keeping the socket, cannot open a new one: %s",
                  platform_error_text(-fd));
        return;
    }
    log_change(l, l->fd, fd);
    l->refused = net_pending_error(l->fd);
    net_close(l->fd);
    adopt_socket(l, fd);
}

/* Opens a socket to the name's next address. Returns 0 or -errno. */
static int open_next(struct link *l)
{
    link_close(l);
    l->known->current = (l->known->current + 1) % l->known->n;
    return open_udp(l);
}

/* Sends one datagram. The kernel reports the refusal of the one before, and does not send this one: it is sent again,
 * to the name's next address if there is one. Returns 0 or -errno. */
static int send_udp(struct link *l, const char *lines, size_t len)
{
    int ret = net_send(l->fd, lines, len - 1, DATAGRAM_MS);

    if (ret == -ECONNREFUSED) {
        l->refused = ret;
        if (l->known->n > 1) {
            ret = open_next(l);
            if (ret)
                return ret;
        }
        ret = net_send(l->fd, lines, len - 1, DATAGRAM_MS);
    }
    if (!ret && resolved_long_ago(l))
        renew(l);
    return ret;
}

/* Sends an empty datagram, in which no receiver finds a line. Returns 0, or -errno if it was refused. */
static int send_nothing(struct link *l)
{
    int ret = net_send(l->fd, "", 0, DATAGRAM_MS);
    char byte;

    if (ret)
        return ret;
    if (net_wait_readable(l->fd, REFUSAL_MS))
        ret = (int)net_receive_some(l->fd, &byte, 1);
    /* Windows calls a refused datagram a reset. */
    return ret == -ECONNREFUSED || ret == -ECONNRESET ? -ECONNREFUSED : net_pending_error(l->fd);
}

/* Tries the name's addresses until one does not refuse, as send_udp would. */
static int probe_udp(struct link *l)
{
    int ret = send_nothing(l), n = l->known->n;

    for (int i = 1; ret == -ECONNREFUSED && i < n; i++) {
        int next = open_next(l);

        ret = next ? next : send_nothing(l);
    }
    if (ret == -ECONNREFUSED)
        link_explain(l, "nobody listens there%s: an empty datagram was refused",
                     n > 1 ? ", nor at the name's other addresses" : "");
    if (ret)
        return ret;
    link_explain(l, "an empty datagram was not refused within %d ms; UDP reports no more", REFUSAL_MS);
    return PROBE_UNKNOWN;
}

const struct transport output_udp = {
    .scheme = "udp",
    .has_host = true,
    .shape = SHAPE_DATAGRAM,
    .backoff_max_ms = BACKOFF_MAX_MS,
    .open = open_udp,
    .send = send_udp,
    .probe = probe_udp,
};
