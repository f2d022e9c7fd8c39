#include "lines.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "count/recording.h"

static long read_some(int fd, struct recording *r, char *buf, size_t cap)
{
    ssize_t n;

    do
        n = recording_replays(r) ? 0 : read(fd, buf, cap);
    while (n < 0 && errno == EINTR);
    return recording_pass(r, buf, cap, n < 0 ? -errno : n);
}

long lines_read(int fd, struct recording *r, char *buf, size_t cap, line_fn *fn, void *ctx)
{
    size_t kept = 0;
    bool skipping = false;

    for (;;) {
        long n = read_some(fd, r, buf + kept, cap - kept);
        char *at = buf, *end;

        if (n <= 0)
            return n < 0 ? n : skipping ? 0 : (long)kept;
        kept += (size_t)n;
        while ((end = memchr(at, '\n', kept))) {
            int ret = skipping ? 0 : fn(ctx, at, (size_t)(end - at));

            if (ret)
                return ret < 0 ? ret : 0;
            kept -= (size_t)(end + 1 - at);
            at = end + 1;
            skipping = false;
        }
        if (kept == cap) {
            int ret = skipping ? 0 : fn(ctx, buf, cap);

            if (ret)
                return ret < 0 ? ret : 0;
            skipping = true;
            kept = 0;
        }
        memmove(buf, at, kept);
    }
}
