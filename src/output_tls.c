/* tls://HOST:PORT[,HOST:PORT…]. A record holds whole lines, and a receiver that has not all of
 * it has nothing of it. */
#include <errno.h>
#include <string.h>

#include "link.h"
#include "log.h"

#define HANDSHAKE_NS (10ull * 1000000000)
#define HANDSHAKE_BRIEF_NS (1500ull * 1000000)
#define SEND_TIMEOUT_NS (20ull * 1000000000)

static int shake_hands(struct link *l, const char *host)
{
    if (!l->to->tls->verify)
        log_event(LOG_WARN, "output", l->to->name, "SOCKPUSH_TLS_VERIFY=none: whoever answers is taken for the receiver");
    return tls_open(&l->tls, l->fd, l->to->tls, host, platform_monotonic_ns() + (l->brief ? HANDSHAKE_BRIEF_NS : HANDSHAKE_NS), l->why,
                    sizeof l->why);
}

static int open_tls(struct link *l)
{
    int ret = link_connect(l, shake_hands);

    l->written = ret ? 0 : tls_written(l->tls);
    return ret;
}

static int hear_tls(struct link *l)
{
    return tls_hear(l->tls, l->why, sizeof l->why);
}

static int send_tls(struct link *l, const char *lines, size_t len)
{
    int ret = tls_send(l->tls, lines, len, platform_monotonic_ns() + SEND_TIMEOUT_NS, l->why, sizeof l->why);

    l->written = tls_written(l->tls);
    return ret;
}

static int finish_tls(struct link *l)
{
    int ret = tls_finish(l->tls);

    l->written = tls_written(l->tls);
    return ret ? ret : net_finish(l->fd);
}

static void close_tls(struct link *l)
{
    tls_close(l->tls);
    l->tls = NULL;
    link_close(l);
}

const struct output_kind output_tls = {
    .scheme = "tls",
    .has_host = true,
    .needs_port = true,
    .fails_over = true,
    .has_tls = true,
    .line_max = TLS_LINE_MAX,
    .retry_max_ms = 30000,
    .open = open_tls,
    .send = send_tls,
    .hear = hear_tls,
    .finish = finish_tls,
    .close = close_tls,
};
