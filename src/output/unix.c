/* unix:///PATH finds out whether the socket takes datagrams or a stream; unixgram:// and unixstream:// fix it. The file
 * comes and goes with its receiver, and retries are cheap, so they are frequent. */
#include <errno.h>

#include "base/deadline.h"
#include "output/limits.h"
#include "output/stream.h"
#include "output/transport.h"

#define CHUNK 8192

static int connect_unix(struct link *l, bool stream)
{
    struct net_addr addr;
    int ret = net_unix_addr(l->endpoint->path, &addr);

    if (ret)
        return ret;
    ret = net_connect(&addr, stream, 0);
    if (ret < 0)
        return ret;
    link_adopt(l, ret, stream);
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

/* Sends lines as Datadog's agent reads them from a stream: after a 4-byte length, little endian. */
static int send_frame(struct link *l, const char *lines, size_t len, uint64_t deadline_ns)
{
    const unsigned char head[4] = {(unsigned char)len, (unsigned char)(len >> 8)};
    int ret = stream_send_all(l, head, sizeof head, deadline_ns);

    return ret ? ret : stream_send_all(l, lines, len, deadline_ns);
}

static int send_unix(struct link *l, const char *lines, size_t len)
{
    if (!l->stream)
        return net_send(l->fd, lines, len - 1, DATAGRAM_MS);
    return l->endpoint->format->for_agent ? send_frame(l, lines, len - 1, deadline_in(SEND_MS))
                                          : stream_send_all(l, lines, len, deadline_in(SEND_MS));
}

const struct transport output_unix = {
    .scheme = "unix",
    .has_path = true,
    .shape = SHAPE_EITHER,
    .acknowledged = ACKNOWLEDGED_BY_KERNEL,
    .line_max = CHUNK,
    .backoff_max_ms = BACKOFF_UNIX_MS,
    .open = open_either,
    .send = send_unix,
};

const struct transport output_unixgram = {
    .scheme = "unixgram",
    .has_path = true,
    .shape = SHAPE_DATAGRAM,
    .line_max = CHUNK,
    .backoff_max_ms = BACKOFF_UNIX_MS,
    .open = open_datagram,
    .send = send_unix,
};

const struct transport output_unixstream = {
    .scheme = "unixstream",
    .has_path = true,
    .acknowledged = ACKNOWLEDGED_BY_KERNEL,
    .line_max = CHUNK,
    .backoff_max_ms = BACKOFF_UNIX_MS,
    .open = open_stream,
    .send = send_unix,
};
