/* stdout: writes to a pipe, a file or a terminal. */
#include <errno.h>
#include <string.h>

#include "output/limits.h"
#include "output/transport.h"

#define CHUNK 16383

static int open_stdout(struct link *l)
{
    link_adopt(l, 1, true);
    return 0;
}

/* The last chunk that was written in part, for example to a full disk. Its rest is written first, so that no line is
 * cut. */
static struct {
    char lines[CHUNK + 1];
    size_t len, left; /* bytes; left: not written yet */
} begun;

/* Writes the rest. Returns 0 or -errno. */
static int finish_begun(void)
{
    size_t written;
    int ret = platform_write(1, begun.lines + begun.len - begun.left, begun.left, &written);

    begun.left -= written;
    return ret;
}

/* Returns true if these lines are the ones written in part; they are written now. */
static bool is_begun(const char *lines, size_t len)
{
    return begun.left && len == begun.len && !memcmp(lines, begun.lines, len);
}

static int send_stdout(struct link *l, const char *lines, size_t len)
{
    bool same = is_begun(lines, len);
    size_t written = 0;
    int ret = begun.left ? finish_begun() : 0;

    if (!ret && !same) {
        ret = platform_write(l->fd, lines, len, &written);
        if (ret && written) {
            memcpy(begun.lines, lines, len);
            begun.len = len;
            begun.left = len - written;
        }
    }
    l->gone = ret == -EPIPE || ret == -EBADF;
    return ret;
}

static void close_stdout(struct link *l)
{
    (void)l; /* stays open: a full disk may have room later */
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
