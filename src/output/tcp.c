/* tcp://HOST:PORT[,HOST:PORT…]. A receiver stores the beginning of a line as if it were whole,
 * should the connection end there. So a chunk fits into one segment, which is never parted,
 * and goes only when the receiver's window has room for all of it: then whatever happens, it
 * has whole lines. */
#include <errno.h>

#include "output/link.h"

#define SEND_TIMEOUT_NS (20ull * 1000000000)
#define PAUSE_MAX_MS 50
#define LINE_MAX_BYTES 16383
#define SEGMENT 1200 /* fits into a packet of every network that carries IPv6 (MTU 1280) */

static int open_tcp(struct link *l)
{
    return link_connect(l, NULL);
}

/* A line longer than a segment, which the kernel took a part of. */
static int send_rest(struct link *l, const char *rest, size_t len)
{
    int ret = net_send(l->fd, rest, len, true, (int)(SEND_TIMEOUT_NS / 1000000));

    l->torn = ret != 0;
    return ret;
}

static int send_tcp(struct link *l, const char *lines, size_t len)
{
    uint64_t deadline_ns = platform_monotonic_ns() + SEND_TIMEOUT_NS;
    int pause_ms = 1;

    for (;;) {
        long n = net_tcp_room(l->fd, len, &l->window_max) ? net_tcp_send(l->fd, lines, len) : -EAGAIN;
        int ret;

        if (n > 0) {
            l->written += len;
            return (size_t)n < len ? send_rest(l, lines + n, len - (size_t)n) : 0;
        }
        if (n != -EAGAIN)
            return (int)n;
        if (platform_monotonic_ns() > deadline_ns) {
            link_explain(l, "the receiver did not take anything for 20 s");
            return -ETIMEDOUT;
        }
        net_wait_readable(l->fd, pause_ms);
        if ((ret = net_hear(l->fd)))
            return ret;
        pause_ms = pause_ms < PAUSE_MAX_MS / 2 ? pause_ms * 2 : PAUSE_MAX_MS;
    }
}

const struct output_kind output_tcp = {
    .scheme = "tcp",
    .has_host = true,
    .needs_port = true,
    .fails_over = true,
    .line_max = LINE_MAX_BYTES,
    .chunk_max = SEGMENT - 1,
    .retry_max_ms = 30000,
    .open = open_tcp,
    .send = send_tcp,
    .hear = link_hear,
    .finish = link_finish,
    .close = link_close,
};
