#include "fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void must_be_printable(const char *text, size_t cap)
{
    size_t len = strnlen(text, cap);

    MUST(len < cap);
    for (size_t i = 0; i < len; i++)
        MUST(text[i] >= ' ' && text[i] <= '~');
}

static void count_warning(void *ctx, enum log_level level, const char *variable, const char *message)
{
    unsigned *warnings = ctx;

    (void)variable;
    MUST(strlen(message) < 512);
    *warnings += level == LOG_WARN;
}

struct diag quiet_diag(unsigned *warnings)
{
    *warnings = 0;
    return (struct diag){.report = count_warning, .ctx = warnings};
}

char *text_of(const uint8_t *data, size_t size)
{
    return joined(data, size, "", 1);
}

void *joined(const void *first, size_t first_size, const void *second, size_t second_size)
{
    char *block = malloc(first_size + second_size);

    memcpy(block, first, first_size);
    memcpy(block + first_size, second, second_size);
    return block;
}

void *copy_of(const void *data, size_t size)
{
    return joined(data, size, "", 0);
}

void each_line(const uint8_t *data, size_t size, void (*take)(void *ctx, const char *line, size_t len), void *ctx)
{
    for (const uint8_t *end = data + size, *newline; data < end; data = newline + 1) {
        char *line;

        newline = memchr(data, '\n', (size_t)(end - data));
        newline = newline ? newline : end;
        line = copy_of(data, (size_t)(newline - data));
        take(ctx, line, (size_t)(newline - data));
        free(line);
    }
}

int file_of(const char *head, const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    MUST(fd >= 0 && write(fd, head, strlen(head)) == (ssize_t)strlen(head) && write(fd, data, size) == (ssize_t)size);
    return fd;
}
