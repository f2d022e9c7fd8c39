/* unix:///PATH: datagrams or a stream, found out; unixgram:// and unixstream:// say which.
 * The file comes and goes with its receiver, so trying again is cheap and frequent. */
#include <errno.h>

#include "output.h"

#define SEND_TIMEOUT_MS 1000
#define STREAM_TIMEOUT_MS 5000
#define RETRY_MAX_MS 1000

static int connect_unix(struct link *l, bool stream)
{
    struct net_addr addr;
    int ret = net_unix_addr(l->to->path, &addr);

    if (ret)
        return ret;
    ret = net_connect(&addr, stream);
    if (ret < 0)
        return ret;
    l->fd = ret;
    l->stream = l->watch = stream;
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

static int send_unix(struct link *l, const char *lines, size_t len)
{
    if (!l->stream)
        return net_send(l->fd, lines, len - 1, false, SEND_TIMEOUT_MS);
    if (l->to->format->for_agent)
        return send_frame(l, lines, len - 1);
    return net_send(l->fd, lines, len, true, STREAM_TIMEOUT_MS);
}

static void close_unix(struct link *l)
{
    net_close(l->fd);
}

const struct output_kind output_unix = {
    .scheme = "unix",
    .has_path = true,
    .datagram = true,
    .either = true,
    .chunk_max = UNIX_CHUNK_MAX,
    .retry_max_ms = RETRY_MAX_MS,
    .open = open_either,
    .send = send_unix,
    .close = close_unix,
};

const struct output_kind output_unixgram = {
    .scheme = "unixgram",
    .has_path = true,
    .datagram = true,
    .chunk_max = UNIX_CHUNK_MAX,
    .retry_max_ms = RETRY_MAX_MS,
    .open = open_datagram,
    .send = send_unix,
    .close = close_unix,
};

const struct output_kind output_unixstream = {
    .scheme = "unixstream",
    .has_path = true,
    .chunk_max = UNIX_CHUNK_MAX,
    .retry_max_ms = RETRY_MAX_MS,
    .open = open_stream,
    .send = send_unix,
    .close = close_unix,
};
