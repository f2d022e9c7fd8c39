#include "base/utf8.h"

#include <string.h>

size_t utf8_read(const char *text, size_t len, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    size_t n;

    if (!len)
        return 0;
    if (*at < 0x80) {
        *code = *at;
        return 1;
    }
    n = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
    if (*at < 0xc2 || *at > 0xf4 || n > len)
        return 0;
    *code = *at & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (at[i] & 0x3f);
    }
    return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

/* The ranges are Unicode's general categories Cc, Zl and Zp, and the common ones of Cf. */
bool utf8_is_control(uint32_t code)
{
    static const uint32_t range[][2] = {
        {0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };

    for (size_t i = 0; i < sizeof range / sizeof *range; i++)
        if (code >= range[i][0] && code <= range[i][1])
            return true;
    return false;
}

bool utf8_clean(char *text)
{
    size_t left = strlen(text), n;
    bool any = false;
    uint32_t code;

    for (; left; text += n, left -= n) {
        n = utf8_read(text, left, &code);
        if (n)
            continue;
        *text = '_';
        n = 1;
        any = true;
    }
    return any;
}
