#include "lines.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

long lines_read(int fd, char *buf, size_t cap, line_fn *fn, void *ctx)
{
    size_t kept = 0;
    bool skipping = false;

    for (;;) {
        ssize_t n = read(fd, buf + kept, cap - kept);
        char *at = buf, *end;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : skipping ? 0 : (long)kept;
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
