/* Reads a file by lines, through buffers of two sizes. Lines that fit into both must be the same. */
#include <string.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "posix/lines.h"

#define INPUT_MAX 65536

struct lines {
    const char *at, *end; /* the file's bytes that are not read yet */
    size_t cap;
};

/* A line_fn. */
static int take(void *ctx, const char *line, size_t len)
{
    struct lines *l = ctx;
    const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
    size_t whole = (size_t)((newline ? newline : l->end) - l->at);

    MUST(len == (whole < l->cap ? whole : l->cap) && !memcmp(line, l->at, len));
    l->at += whole + (newline != NULL);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = file_of("", data, size);
    size_t cap = size ? 1 + *data : 1;

    MUST(size <= INPUT_MAX);
    for (; cap < 2 * INPUT_MAX; cap *= 300) {
        struct lines l = {(const char *)data, (const char *)data + size, cap};
        char *buf = malloc(cap);
        long left;

        MUST(!lseek(fd, 0, SEEK_SET));
        left = lines_read(fd, NULL, buf, cap, take, &l);
        MUST(left >= 0 && left < (long)cap && left == l.end - l.at && !memcmp(buf, l.at, (size_t)left));
        free(buf);
    }
    close(fd);
    return 0;
}
