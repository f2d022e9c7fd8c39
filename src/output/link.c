#include "output/link.h"

#include <errno.h>
#include <string.h>

#include "base/deadline.h"
#include "base/format.h"
#include "base/log.h"
#include "output/limits.h"
#include "output/transport.h"

void link_init(struct link *l, const struct endpoint *endpoint)
{
    memset(l, 0, sizeof *l);
    l->endpoint = endpoint;
    l->fd = -1;
    l->stream = endpoint->transport->shape == SHAPE_STREAM;
    l->target_end = endpoint->n_targets;
}

void link_adopt(struct link *l, int fd, bool stream)
{
    l->fd = fd;
    l->stream = stream;
    l->cut = l->answered = false;
    l->written = 0;
    l->window_max = 0;
}

void link_explain(struct link *l, const char *format, ...)
{
    struct buf b = {.data = l->why, .cap = sizeof l->why - 1};
    va_list args;

    va_start(args, format);
    buf_format_args(&b, format, args);
    va_end(args);
    l->why[b.len] = '\0';
}

/* Logs when a look-up fails and known addresses stay in use, and when look-ups work again. */
static void note_lookup(struct link *l, int t, bool failed)
{
    struct addresses *known = &l->known[t];

    if (failed && known->n && !known->reported)
        log_event(LOG_WARN, "output", l->endpoint->name, "%s; keeping the known address", l->why);
    else if (!failed && known->reported)
        log_event(LOG_INFO, "output", l->endpoint->name, "%.70s is looked up again", l->endpoint->target[t].host);
    known->reported = failed && (known->n || known->reported);
}

static int resolve_ms(const struct link *l, const struct addresses *known)
{
    if (l->brief)
        return RESOLVE_AGAIN_MS;
    if (!known->n || known->failed)
        return RESOLVE_FIRST_MS;
    return known->reported ? RESOLVE_DOUBT_MS : RESOLVE_AGAIN_MS;
}

int link_resolve(struct link *l, int t)
{
    const struct target *target = &l->endpoint->target[t];
    struct addresses *known = &l->known[t];
    struct net_addr found[LINK_ADDRS];
    int n = net_resolve(target->host, target->port, found, LINK_ADDRS, resolve_ms(l, known));
    struct net_addr *used = known->n ? &known->addr[known->current] : NULL;
    int current = 0;

    known->resolved_ns = platform_monotonic_ns();
    if (n < 0) {
        link_explain(l, "cannot look up %.70s: %s", target->host, net_resolve_error(n));
        note_lookup(l, t, true);
        return known->n ? 0 : -EHOSTUNREACH;
    }
    note_lookup(l, t, false);
    for (int i = 0; i < n && used; i++)
        if (found[i].len == used->len && !memcmp(found[i].bytes, used->bytes, used->len))
            current = i;
    memcpy(known->addr, found, (size_t)n * sizeof *found);
    known->n = n;
    known->current = current;
    return 0;
}

static int connect_addr(struct link *l, const struct net_addr *addr, const char *host,
                        int (*handshake)(struct link *, const char *))
{
    int ret = net_connect(addr, true, l->brief ? BRIEF_MS : CONNECT_MS);

    l->why[0] = '\0';
    if (ret < 0)
        return ret;
    link_adopt(l, ret, true);
    net_tcp_setup(l->fd, SILENCE_MS);
    ret = handshake ? handshake(l, host) : 0;
    if (ret) {
        net_close(l->fd);
        l->fd = -1;
    }
    return ret;
}

/* Tries every address once, starting with the last good one. Returns 0, or -errno with l->why, preferably from a
 * handshake rather than a connect. */
static int connect_target(struct link *l, int t, int (*handshake)(struct link *, const char *))
{
    struct addresses *known = &l->known[t];
    int ret = link_resolve(l, t), handshake_error = 0;
    char first_why[sizeof l->why];

    for (int i = 0; i < known->n; i++) {
        ret = connect_addr(l, &known->addr[known->current], l->endpoint->target[t].host, handshake);
        known->failed = ret != 0;
        if (!ret)
            return 0;
        if (*l->why && !handshake_error) {
            memcpy(first_why, l->why, sizeof first_why);
            handshake_error = ret;
        }
        known->current = (known->current + 1) % known->n;
    }
    if (handshake_error)
        memcpy(l->why, first_why, sizeof first_why);
    else if (!*l->why)
        link_explain(l, "%s", platform_error_text(-ret));
    return handshake_error ? handshake_error : ret;
}

int link_connect(struct link *l, int (*handshake)(struct link *, const char *))
{
    char why[sizeof l->why];
    struct buf all = {.data = why, .cap = sizeof why - 1};
    int ret = 0;

    for (int i = 0; i < l->target_end; i++) {
        int t = !i ? l->first : i <= l->first ? i - 1 : i;

        ret = connect_target(l, t, handshake);
        if (!ret)
            l->target = t;
        if (!ret && !all.len)
            return 0;
        if (!ret)
            break;
        if (l->endpoint->n_targets > 1)
            buf_format(&all, "%s%.70s:%u: ", all.len ? "; " : "", l->endpoint->target[t].host,
                       l->endpoint->target[t].port);
        buf_text(&all, l->why);
    }
    memcpy(l->why, why, all.len);
    l->why[all.len] = '\0';
    return ret;
}

int link_handshake(struct link *l, const char *host)
{
    int ret;

    ret = tls_open(&l->tls, l->fd, l->endpoint->tls, host, deadline_in(l->brief ? BRIEF_MS : HANDSHAKE_MS), l->why,
                   sizeof l->why);
    l->written = ret ? 0 : tls_written(l->tls);
    if (!ret && !l->endpoint->tls->verify)
        log_event(LOG_WARN, "output", l->endpoint->name,
                  "SOCKPUSH_TLS_VERIFY=none: the receiver's certificate is not verified");
    if (ret && !strcmp(l->why, TLS_NOT_TLS))
        link_explain(l, TLS_NOT_TLS "; did you mean \"%s%s\"?", l->endpoint->transport->has_path ? "http" : "tcp",
                     strchr(l->endpoint->name, ':'));
    return ret;
}

long link_send_some(struct link *l, const void *data, size_t len)
{
    long n;

    if (l->tls) {
        n = tls_send_some(l->tls, data, len, l->why, sizeof l->why);
        l->written = tls_written(l->tls);
    } else {
        n = l->segments ? net_tcp_send(l->fd, data, len) : net_send_some(l->fd, data, len);
        l->written += n > 0 ? (uint64_t)n : 0;
    }
    return n;
}

long link_receive_some(struct link *l, void *data, size_t len)
{
    return l->tls ? tls_receive_some(l->tls, data, len, l->why, sizeof l->why) : net_receive_some(l->fd, data, len);
}

int link_finish(struct link *l)
{
    int ret = l->tls ? tls_finish(l->tls) : 0;

    if (l->tls)
        l->written = tls_written(l->tls);
    return ret ? ret : net_finish(l->fd);
}

void link_close(struct link *l)
{
    if (l->fd < 0)
        return;
    tls_close(l->tls);
    l->tls = NULL;
    if (l->endpoint->transport->close)
        l->endpoint->transport->close(l);
    else if (l->cut)
        net_abort(l->fd);
    else
        net_close(l->fd);
    l->fd = -1;
}

uint64_t link_acked(struct link *l)
{
    uint64_t left;

    l->blind = net_unacked(l->fd, &left) < 0;
    return l->blind ? l->written : left < l->written ? l->written - left : 0;
}
