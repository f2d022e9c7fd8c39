/* udp://HOST[:PORT]. The socket is connected, so that a refused datagram is heard of. */
#include <errno.h>
#include <string.h>

#include "output/link.h"

#define RESOLVE_AGAIN_NS (60ull * 1000000000)
#define SEND_TIMEOUT_MS 1000

static bool resolved_long_ago(const struct link *l)
{
    return !l->known->n || platform_monotonic_ns() - l->known->resolved_ns >= RESOLVE_AGAIN_NS;
}

static void close_udp(struct link *l)
{
    net_close(l->fd);
    l->fd = -1;
}

/* Tries every address once, from the current one on. */
static int open_udp(struct link *l)
{
    struct addresses *known = l->known;
    int ret = resolved_long_ago(l) ? link_resolve(l, 0) : 0;

    for (int i = 0; !ret && i < known->n; i++) {
        l->fd = net_connect(&known->addr[known->current], false, 0);
        if (l->fd >= 0)
            return 0;
        ret = i + 1 < known->n ? 0 : l->fd;
        known->current = (known->current + 1) % known->n;
    }
    if (ret)
        known->n = 0; /* none of them is of use: look the name up the next time */
    return ret;
}

/* An address that changed: the next datagram goes to the new one. */
static void follow_name(struct link *l)
{
    struct addresses *known = l->known;
    struct net_addr before = known->addr[known->current];

    link_resolve(l, 0);
    if (memcmp(&before, &known->addr[known->current], sizeof before))
        close_udp(l);
}

/* The kernel reports at a send that the datagram before it was refused, and does not
 * send this one: so it is sent again, to the name's next address if there is one. */
static int send_udp(struct link *l, const char *lines, size_t len)
{
    int ret = net_send(l->fd, lines, len - 1, false, SEND_TIMEOUT_MS);

    if (ret == -ECONNREFUSED) {
        l->refused = ret;
        if (l->known->n > 1) {
            close_udp(l);
            l->known->current = (l->known->current + 1) % l->known->n;
            ret = open_udp(l);
            if (ret)
                return ret;
        }
        ret = net_send(l->fd, lines, len - 1, false, SEND_TIMEOUT_MS);
    }
    if (!ret && resolved_long_ago(l))
        follow_name(l);
    return ret;
}

const struct output_kind output_udp = {
    .scheme = "udp",
    .has_host = true,
    .datagram = true,
    .retry_max_ms = 30000,
    .open = open_udp,
    .send = send_udp,
    .close = close_udp,
};
