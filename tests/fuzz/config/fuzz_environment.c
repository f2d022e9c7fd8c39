/* Reads an environment, its texts separated by NUL or newline. A valid one must encode a poll into whole lines. */
#include <string.h>

#include "config/config.h"
#include "fuzz/config/encode_poll.h"
#include "fuzz/fuzz.h"

#define ENV_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *env[ENV_MAX + 1] = {NULL};
    char *text = text_of(data, size);
    size_t n = 0;
    struct config c;
    unsigned warnings;
    struct diag d = quiet_diag(&warnings);

    for (size_t at = 0; at < size && n < ENV_MAX; at += strlen(text + at) + 1) {
        text[at + strcspn(text + at, "\n")] = '\0';
        env[n++] = text + at;
    }
    config_read(&c, env, size % 3 ? "box" : NULL, &d);
    MUST(d.errors || c.n_outputs > 0);
    MUST(c.v.interval_ms >= 100 && c.v.interval_ms <= 3600000 && c.v.mtu >= 512 && c.v.mtu <= 65467);
    if (!d.errors && c.rules.n <= 1000)
        encode_poll(&c, data, size);
    arena_free(&c.arena);
    free(text);
    return 0;
}
