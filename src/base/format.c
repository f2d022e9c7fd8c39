#include "base/format.h"

#include <string.h>

static void put_cut(struct buf *b, const char *text, size_t len)
{
    size_t room = b->cap - b->len;

    buf_put(b, text, len < room ? len : room);
    b->full |= len > room;
}

/* Puts the text left-aligned in width columns. */
static void put_padded(struct buf *b, const char *text, size_t len, size_t width)
{
    put_cut(b, text, len);
    for (; len < width; len++)
        put_cut(b, " ", 1);
}

/* Reads digits, or "*" for the next argument. */
static size_t read_number(const char **at, va_list *args)
{
    size_t value = 0;

    if (**at == '*') {
        ++*at;
        return (size_t)va_arg(*args, int);
    }
    while (**at >= '0' && **at <= '9')
        value = value * 10 + (size_t)(*(*at)++ - '0');
    return value;
}

static void put_number(struct buf *b, long long value, bool negative, size_t width)
{
    char digits[21];
    struct buf text = {.data = digits, .cap = sizeof digits};

    if (negative)
        buf_char(&text, '-');
    buf_u64(&text, negative ? 0 - (uint64_t)value : (uint64_t)value);
    put_padded(b, digits, text.len, width);
}

void buf_format_args(struct buf *b, const char *format, va_list args_in)
{
    va_list args;

    va_copy(args, args_in);
    for (const char *at = format; *at; at++) {
        const char *plain = at, *text;
        size_t width, max = SIZE_MAX;
        long long value;
        int longs = 0;

        while (*at && *at != '%')
            at++;
        put_cut(b, plain, (size_t)(at - plain));
        if (!*at++)
            break;
        at += *at == '-';
        width = read_number(&at, &args);
        if (*at == '.') {
            at++;
            max = read_number(&at, &args);
        }
        for (; *at == 'l' || *at == 'z'; at++)
            longs += *at == 'z' ? sizeof(size_t) == sizeof(long long) ? 2 : 0 : 1;
        if (*at == 's') {
            text = va_arg(args, const char *);
            put_padded(b, text, strnlen(text, max), width);
        } else if (*at == '%') {
            put_cut(b, "%", 1);
        } else if (*at == 'u') {
            value = longs == 2 ? va_arg(args, long long)
                    : longs    ? (long long)va_arg(args, unsigned long)
                               : (long long)va_arg(args, unsigned);
            put_number(b, value, false, width);
        } else { /* 'd'; tests/lint/format.sh accepts no other */
            value = longs == 2 ? va_arg(args, long long) : longs ? va_arg(args, long) : va_arg(args, int);
            put_number(b, value, value < 0, width);
        }
    }
    va_end(args);
}

void buf_format(struct buf *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    buf_format_args(b, format, args);
    va_end(args);
}

bool text_format(char *out, size_t cap, const char *format, ...)
{
    struct buf b = {.data = out, .cap = cap - 1};
    va_list args;

    va_start(args, format);
    buf_format_args(&b, format, args);
    va_end(args);
    out[b.len] = '\0';
    return !b.full;
}

char *arena_format_args(struct arena *a, const char *format, va_list args)
{
    struct buf b = {.cap = SIZE_MAX};

    buf_format_args(&b, format, args);
    b = (struct buf){.data = arena_zero(a, b.len + 1, 1), .cap = b.len};
    buf_format_args(&b, format, args);
    return b.data;
}

char *arena_format(struct arena *a, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = arena_format_args(a, format, args);
    va_end(args);
    return text;
}
