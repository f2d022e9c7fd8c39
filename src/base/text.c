#include "base/text.h"

#include <string.h>

bool text_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

size_t text_until(const char *text, const char *stops)
{
    size_t len = 0;

    while (text[len] && !strchr(stops, text[len]))
        len++;
    return len;
}

void text_trim(const char **text, size_t *len)
{
    while (*len && text_is_blank(**text)) {
        ++*text;
        --*len;
    }
    while (*len && text_is_blank((*text)[*len - 1]))
        --*len;
}

int text_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
