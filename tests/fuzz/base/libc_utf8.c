#include "fuzz/base/libc_utf8.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

#include "fuzz/fuzz.h"

size_t libc_utf8_read(const char *text, uint32_t *code)
{
    mbstate_t state = {0};
    wchar_t wide = 0;
    size_t n;

    MUST(setlocale(LC_CTYPE, "C.UTF-8"));
    n = mbrtowc(&wide, text, strlen(text), &state);
    *code = (uint32_t)wide;
    return n >= (size_t)-2 || wide > 0x10ffff ? 0 : n; /* glibc reads characters up to U+13FFFF */
}
