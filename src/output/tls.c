/* tls://HOST:PORT[,HOST:PORT…]. A record holds whole lines, and a receiver that has not all of
 * it has nothing of it. */
#include "output/link.h"

#define SEND_TIMEOUT_NS (20ull * 1000000000)

static int open_tls(struct link *l)
{
    int ret = link_connect(l, link_shake_hands);

    l->written = ret ? 0 : tls_written(l->tls);
    return ret;
}

static int send_tls(struct link *l, const char *lines, size_t len)
{
    int ret = tls_send(l->tls, lines, len, platform_monotonic_ns() + SEND_TIMEOUT_NS, l->why, sizeof l->why);

    l->written = tls_written(l->tls);
    return ret;
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
    .hear = link_hear,
    .finish = link_finish,
    .close = link_close,
};
