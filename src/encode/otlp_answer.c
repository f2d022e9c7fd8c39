#include "encode/otlp.h"
#include "encode/protobuf.h"

/* Copies a text that came from outside. */
static void keep_words(const struct pb_field *f, char *out, size_t cap)
{
    size_t n = 0;

    for (; n < f->len && n + 1 < cap; n++)
        out[n] = f->bytes[n] >= ' ' && f->bytes[n] < 0x7f ? f->bytes[n] : ' ';
    out[n] = '\0';
}

/* Returns the number in field 1 of a message, and keeps the words in field 2. */
static uint64_t number_and_words(const char *at, const char *end, char *out, size_t cap)
{
    struct pb_field f;
    uint64_t number = 0;

    while (pb_next(&at, end, &f)) {
        if (f.number == 1 && !f.bytes)
            number = f.value;
        if (f.number == 2 && f.bytes)
            keep_words(&f, out, cap);
    }
    return number;
}

uint64_t otlp_rejected(const char *body, size_t len, char *out, size_t cap)
{
    const char *at = body, *end = body + len;
    struct pb_field f;
    uint64_t rejected = 0;

    *out = '\0';
    while (pb_next(&at, end, &f))
        if (f.number == 1 && f.bytes)
            rejected = number_and_words(f.bytes, f.bytes + f.len, out, cap);
    return rejected > INT64_MAX ? 0 : rejected;
}

void otlp_reason(const char *body, size_t len, char *out, size_t cap)
{
    *out = '\0';
    number_and_words(body, body + len, out, cap);
}
