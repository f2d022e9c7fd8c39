/* tls://HOST:PORT[,HOST:PORT…]. A record holds whole lines, and a receiver accepts only whole records. */
#include "base/deadline.h"
#include "output/limits.h"
#include "output/stream.h"
#include "output/transport.h"

static int open_tls(struct link *l)
{
    return link_connect(l, link_handshake);
}

static int send_tls(struct link *l, const char *lines, size_t len)
{
    return stream_send_all(l, lines, len, deadline_in(SEND_MS));
}

const struct transport output_tls = {
    .scheme = "tls",
    .has_host = true,
    .needs_port = true,
    .has_tls = true,
    .acknowledged = ACKNOWLEDGED_BY_KERNEL,
    .line_max = TLS_LINE_MAX,
    .backoff_max_ms = BACKOFF_MAX_MS,
    .open = open_tls,
    .send = send_tls,
};
