#include "output/stream.h"

#include <errno.h>

#include "base/deadline.h"
#include "output/limits.h"

#define READS_MAX 64 /* reads of one drain */

int stream_drain(struct link *l)
{
    char in[1024];

    for (int i = 0; i < READS_MAX; i++) {
        long n = link_receive_some(l, in, sizeof in);
        int ret = n > 0 && l->take ? l->take(l->take_ctx, in, (size_t)n) : 0;

        if (n <= 0)
            return !n ? -EPIPE : n == -EAGAIN ? 0 : (int)n;
        if (ret)
            return ret;
    }
    return 0;
}

/* Reads what the receiver sent before it ended the connection, which may be the reason. Returns the error to report. */
static int read_last_words(struct link *l, int error)
{
    int ret = 0;

    if (error != -EPIPE && error != -ECONNRESET)
        return error;
    if (!*l->why)
        ret = stream_drain(l);
    if (ret == -EPIPE && !*l->why)
        link_explain(l, "the receiver closed it");
    return ret && ret != -EPIPE ? ret : error;
}

/* Waits up to pause_ms, and reads what has come. Returns 0, or -errno with l->why. */
static int pause_sending(struct link *l, bool (*wait)(int fd, int timeout_ms), int pause_ms, uint64_t deadline_ns)
{
    int left_ms = deadline_left_ms(deadline_ns);

    if (!left_ms) {
        link_explain(l, "the receiver did not take all in time");
        return -ETIMEDOUT;
    }
    wait(l->fd, pause_ms < left_ms ? pause_ms : left_ms);
    return read_last_words(l, stream_drain(l));
}

int stream_send_all(struct link *l, const void *data, size_t len, uint64_t deadline_ns)
{
    const char *at = data;
    int ret = 0;

    while (len && !ret) {
        long n = link_send_some(l, at, len);

        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (n != -EAGAIN) {
            return read_last_words(l, (int)n);
        }
        if (len)
            ret = pause_sending(l, net_wait_writable, DRAIN_MS, deadline_ns);
    }
    return ret;
}

static bool has_room(struct link *l, size_t len)
{
    uint64_t unacked;
    int64_t window = net_tcp_window(l->fd);

    if (window < 0 || net_unacked(l->fd, &unacked))
        return true;
    if ((uint32_t)window > l->window_max)
        l->window_max = (uint32_t)window;
    return unacked + (len < l->window_max ? len : l->window_max) <= (uint64_t)window;
}

int stream_await_room(struct link *l, size_t len, uint64_t deadline_ns)
{
    int pause_ms = WINDOW_MS, ret = 0;

    while (!ret && !has_room(l, len)) {
        ret = pause_sending(l, net_wait_readable, pause_ms, deadline_ns);
        pause_ms = pause_ms < DRAIN_MS / 2 ? pause_ms * 2 : DRAIN_MS;
    }
    return ret;
}
