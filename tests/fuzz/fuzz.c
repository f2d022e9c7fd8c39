#include "fuzz/fuzz.h"

#include <string.h>

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
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}
