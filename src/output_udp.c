/* udp://HOST[:PORT]. The socket is connected, so that a refused datagram is heard of. */
#include <errno.h>
#include <string.h>

#include "format.h"
#include "output.h"

#define RESOLVE_AGAIN_NS (60ull * 1000000000)
#define RESOLVE_FIRST_MS 15000
#define RESOLVE_AGAIN_MS 2000
#define SEND_TIMEOUT_MS 1000

/* Looks the host up; what was known stays if that fails, and is not waited long for. */
static int resolve(struct link *l)
{
    struct net_addr found[LINK_ADDRS];
    int n = net_resolve(l->to->host, l->to->port, found, LINK_ADDRS,
                        l->n_addrs ? RESOLVE_AGAIN_MS : RESOLVE_FIRST_MS);
    struct net_addr *used = l->n_addrs ? &l->addr[l->current] : NULL;
    int current = 0;

    l->resolved_ns = platform_monotonic_ns();
    if (n < 0) {
        text_format(l->why, sizeof l->why, "cannot look up %.70s: %s", l->to->host, net_resolve_error(n));
        return l->n_addrs ? 0 : -EHOSTUNREACH;
    }
    for (int i = 0; i < n && used; i++)
        if (found[i].len == used->len && !memcmp(found[i].bytes, used->bytes, used->len))
            current = i;
    memcpy(l->addr, found, (size_t)n * sizeof *found);
    l->n_addrs = n;
    l->current = current;
    return 0;
}

static bool resolved_long_ago(const struct link *l)
{
    return !l->n_addrs || platform_monotonic_ns() - l->resolved_ns >= RESOLVE_AGAIN_NS;
}

static void close_udp(struct link *l)
{
    net_close(l->fd);
    l->fd = -1;
}

/* Tries every address once, from the current one on. */
static int open_udp(struct link *l)
{
    int ret = resolved_long_ago(l) ? resolve(l) : 0;

    for (int i = 0; !ret && i < l->n_addrs; i++) {
        l->fd = net_connect(&l->addr[l->current], false);
        if (l->fd >= 0)
            return 0;
        ret = i + 1 < l->n_addrs ? 0 : l->fd;
        l->current = (l->current + 1) % l->n_addrs;
    }
    if (ret)
        l->n_addrs = 0; /* none of them is of use: look the name up the next time */
    return ret;
}

/* An address that changed: the next datagram goes to the new one. */
static void follow_name(struct link *l)
{
    struct net_addr before = l->addr[l->current];

    resolve(l);
    if (memcmp(&before, &l->addr[l->current], sizeof before))
        close_udp(l);
}

/* The kernel reports at a send that the datagram before it was refused, and does not
 * send this one: so it is sent again, to the name's next address if there is one. */
static int send_udp(struct link *l, const char *lines, size_t len)
{
    int ret = net_send(l->fd, lines, len - 1, false, SEND_TIMEOUT_MS);

    if (ret == -ECONNREFUSED) {
        l->refused = ret;
        if (l->n_addrs > 1) {
            close_udp(l);
            l->current = (l->current + 1) % l->n_addrs;
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
