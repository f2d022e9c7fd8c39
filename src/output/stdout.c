/* stdout: — for pipes, files and eyes. */
#include <errno.h>

#include "output/limits.h"
#include "output/transport.h"

#define CHUNK 16383

static int open_stdout(struct link *l)
{
    l->fd = 1;
    return 0;
}

static int send_stdout(struct link *l, const char *lines, size_t len)
{
    int ret = platform_write(l->fd, lines, len);

    l->gone = ret == -EPIPE || ret == -EBADF;
    return ret;
}

static void close_stdout(struct link *l)
{
    (void)l; /* stays open: what failed may be a full disk, and is tried again */
}

const struct transport output_stdout = {
    .scheme = "stdout",
    .queues = true,
    .line_max = CHUNK,
    .backoff_max_ms = BACKOFF_MAX_MS,
    .open = open_stdout,
    .send = send_stdout,
    .close = close_stdout,
};
