/* Reads values of variables, and text as UTF-8. */
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "base/value.h"
#include "fuzz/fuzz.h"

static void check_values(const char *text)
{
    static bool (*const read[])(const char *, int64_t *) = {value_count, value_duration_ms, value_size, value_bool};
    int64_t n, again;
    char written[32];

    for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
        n = -7;
        MUST(read[i](text, &n) ? n >= 0 : n == -7);
        if (n < 0)
            continue;
        snprintf(written, sizeof written, "%lld%s", (long long)n, i == 1 ? "ms" : "");
        MUST(read[i](written, &again) && again == n);
    }
    errno = 0;
    again = strtoll(text, NULL, 10);
    if (value_count(text, &n))
        MUST(again == n && !errno);
    else
        MUST(!*text || text[strspn(text, "0123456789")] || errno);
}

/* Returns the bytes of a character, written by RFC 3629. */
static size_t write_character(uint32_t code, char out[4])
{
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = n; --i; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    *out = (char)(n == 1 ? code : code | 0xf00u >> n);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size), character[4];
    size_t n;
    uint32_t code;
    bool whole = true;

    check_values(text);
    for (size_t at = 0; text[at]; at += n) {
        n = utf8_read(text + at, strlen(text + at), &code);
        whole &= n > 0;
        MUST(!n || (write_character(code, character) == n && !memcmp(text + at, character, n)));
        n += !n;
    }
    MUST(utf8_clean(text) == !whole && !utf8_clean(text));
    free(text);
    return 0;
}
