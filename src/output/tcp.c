/* tcp://HOST:PORT[,HOST:PORT…]. A receiver stores a cut last line as if it were whole. So each chunk fits one segment,
 * which is never split, and is sent only when the receiver's window has room for it. */
#include "base/deadline.h"
#include "output/limits.h"
#include "output/stream.h"
#include "output/transport.h"

#define LINE_MAX_BYTES 16383
#define SEGMENT        1200 /* bytes; fits a packet of the smallest IPv6 MTU, 1280 (RFC 8200, 5) */

static int open_tcp(struct link *l)
{
    l->segments = true;
    return link_connect(l, NULL);
}

static int send_tcp(struct link *l, const char *lines, size_t len)
{
    uint64_t deadline_ns = deadline_in(SEND_MS);
    int ret = stream_await_room(l, len, deadline_ns);

    return ret ? ret : stream_send_all(l, lines, len, deadline_ns);
}

const struct transport output_tcp = {
    .scheme = "tcp",
    .has_host = true,
    .needs_port = true,
    .acknowledged = ACKNOWLEDGED_BY_KERNEL,
    .line_max = LINE_MAX_BYTES,
    .chunk_max = SEGMENT - 1,
    .backoff_max_ms = BACKOFF_MAX_MS,
    .open = open_tcp,
    .send = send_tcp,
};
