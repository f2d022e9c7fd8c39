#include "sockstat_parse.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t'; /* snmp6 has tabs */
}

/* Returns the length of the word at the beginning of a line's rest, its leading blanks skipped by *at. */
static size_t next_word(const char **at, const char *end)
{
    const char *start;

    while (*at < end && is_blank(**at))
        ++*at;
    for (start = *at; start < end && !is_blank(*start); start++)
        ;
    return (size_t)(start - *at);
}

static bool is_word(const char *at, size_t len, const char *word)
{
    return len == strlen(word) && !memcmp(at, word, len);
}

bool sockstat_parse_number(const char *at, size_t len, uint64_t *out)
{
    uint64_t n = 0;

    if (!len || len > 19)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(at[i] - '0');
    }
    *out = n;
    return true;
}

/* Moves *text to the line after the first one that begins with the word `line`, whose rest is *at up to *end. Returns
 * false if no such line is there; the last one, if its end is missing, was cut and is none. */
static bool find_line(const char **text, size_t len, const char *line, const char **at, const char **end)
{
    const char *stop = *text + len;

    while ((*end = memchr(*text, '\n', (size_t)(stop - *text)))) {
        size_t first;

        *at = *text;
        *text = *end + 1;
        first = next_word(at, *end);
        if (is_word(*at, first, line)) {
            *at += first;
            return true;
        }
    }
    return false;
}

bool sockstat_parse(const char *text, size_t len, const char *line, const char *name, uint64_t *out)
{
    const char *at, *end;

    if (!find_line(&text, len, line, &at, &end))
        return false;
    for (size_t word = 0; !*name || (word = next_word(&at, end)); at += word)
        if (is_word(at, word, name)) {
            at += word;
            word = next_word(&at, end);
            return sockstat_parse_number(at, word, out);
        }
    return false;
}

void snmp_walk(const char *text, size_t len, const char *line, counter_fn *fn, void *ctx)
{
    const char *stop = text + len, *at, *end, *number, *numbers_end;

    if (!find_line(&text, len, line, &at, &end) ||
        !find_line(&text, (size_t)(stop - text), line, &number, &numbers_end))
        return;
    for (size_t word, digits; (word = next_word(&at, end)); at += word, number += digits) {
        digits = next_word(&number, numbers_end);
        fn(ctx, at, word, number, digits);
    }
}

struct wanted {
    const char *name;
    uint64_t *out;
    bool seen, found;
};

static void take_wanted(void *ctx, const char *name, size_t name_len, const char *number, size_t len)
{
    struct wanted *w = ctx;

    if (w->seen || !is_word(name, name_len, w->name))
        return;
    w->seen = true;
    w->found = sockstat_parse_number(number, len, w->out);
}

bool snmp_parse(const char *text, size_t len, const char *line, const char *name, uint64_t *out)
{
    struct wanted w = {.name = name, .out = out};

    snmp_walk(text, len, line, take_wanted, &w);
    return w.found;
}

void snmp6_walk(const char *text, size_t len, counter_fn *fn, void *ctx)
{
    const char *stop = text + len, *end;

    for (; (end = memchr(text, '\n', (size_t)(stop - text))); text = end + 1) {
        size_t word = next_word(&text, end);
        const char *number = text + word;
        size_t digits = next_word(&number, end);

        fn(ctx, text, word, number, digits);
    }
}
