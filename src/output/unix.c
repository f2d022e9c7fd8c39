/* unix:///PATH: datagrams or a stream, found out; unixgram:// and unixstream:// say which.
 * The file comes and goes with its receiver, so trying again is cheap and frequent. */
#include <errno.h>

#include "output/link.h"

#define SEND_TIMEOUT_MS 1000
#define STREAM_TIMEOUT_MS 5000
#define RETRY_MAX_MS 1000
#define CHUNK 8192

static int connect_unix(struct link *l, bool stream)
{
    struct net_addr addr;
    int ret = net_unix_addr(l->to->path, &addr);

    if (ret)
        return ret;
    ret = net_connect(&addr, stream, 0);
    if (ret < 0)
        return ret;
    l->fd = ret;
    l->stream = stream;
    l->written = 0;
    return 0;
}

static int open_datagram(struct link *l)
{
    return connect_unix(l, false);
}

static int open_stream(struct link *l)
{
    return connect_unix(l, true);
}

static int open_either(struct link *l)
{
    int ret = open_datagram(l);

    return ret == -EPROTOTYPE ? open_stream(l) : ret;
}

/* Datadog's agent reads from a stream what else were datagrams, each behind its length. */
static int send_frame(struct link *l, const char *lines, size_t len)
{
    const unsigned char head[4] = {(unsigned char)len, (unsigned char)(len >> 8)}; /* little endian */
    int ret = net_send(l->fd, head, sizeof head, true, STREAM_TIMEOUT_MS);

    return ret ? ret : net_send(l->fd, lines, len, true, STREAM_TIMEOUT_MS);
}

static int send_stream(struct link *l, const char *lines, size_t len)
{
    int ret = l->to->format->for_agent ? send_frame(l, lines, len - 1) : net_send(l->fd, lines, len, true, STREAM_TIMEOUT_MS);

    l->torn = ret == -ETIMEDOUT;
    l->written += len + (l->to->format->for_agent ? 3 : 0);
    return ret;
}

static int send_unix(struct link *l, const char *lines, size_t len)
{
    return l->stream ? send_stream(l, lines, len) : net_send(l->fd, lines, len - 1, false, SEND_TIMEOUT_MS);
}

const struct output_kind output_unix = {
    .scheme = "unix",
    .has_path = true,
    .datagram = true,
    .either = true,
    .line_max = CHUNK,
    .retry_max_ms = RETRY_MAX_MS,
    .open = open_either,
    .send = send_unix,
    .hear = link_hear,
    .finish = link_finish,
    .close = link_close,
};

const struct output_kind output_unixgram = {
    .scheme = "unixgram",
    .has_path = true,
    .datagram = true,
    .line_max = CHUNK,
    .retry_max_ms = RETRY_MAX_MS,
    .open = open_datagram,
    .send = send_unix,
    .close = link_close,
};

const struct output_kind output_unixstream = {
    .scheme = "unixstream",
    .has_path = true,
    .line_max = CHUNK,
    .retry_max_ms = RETRY_MAX_MS,
    .open = open_stream,
    .send = send_unix,
    .hear = link_hear,
    .finish = link_finish,
    .close = link_close,
};
