/* Reads values of variables, and text as UTF-8. */
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "base/value.h"
#include "fuzz/base/libc_utf8.h"
#include "fuzz/fuzz.h"

static void check_values(const char *text)
{
    static bool (*const read[])(const char *, int64_t *) = {value_count, value_duration_ms, value_size, value_bool};
    int64_t n, again;
    char written[32];

    for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
        n = -7;
        MUST(read[i](text, &n) ? n >= 0 : n == -7);
        snprintf(written, sizeof written, "%lld%s", (long long)n, i == 1 ? "ms" : "");
        MUST(n < 0 || (read[i](written, &again) && again == n));
    }
    errno = 0;
    again = strtoll(text, NULL, 10);
    if (value_count(text, &n))
        MUST(again == n && !errno);
    else
        MUST(!*text || text[strspn(text, "0123456789")] || errno);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    bool whole = true;
    uint32_t code, other;
    size_t n;

    check_values(text);
    for (const char *at = text; *at; at += n + !n) {
        n = utf8_read(at, strlen(at), &code);
        whole &= n > 0;
        MUST(libc_utf8_read(at, &other) == n && (!n || code == other));
    }
    MUST(utf8_clean(text) == !whole && !utf8_clean(text));
    free(text);
    return 0;
}
