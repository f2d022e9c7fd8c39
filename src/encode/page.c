#include "encode/page.h"

#include <string.h>

#include "base/format.h"
#include "base/utf8.h"

/* Control sequences of ECMA-48. */
#define HOME       "\33[H"
#define CLEAR_LINE "\33[K" /* from the cursor on, which stays in the last column after a full line */
#define CLEAR_REST "\33[J"
#define NO_STYLES  "\33[m"

void page_begin(struct page *p, unsigned height, unsigned width, struct buf *out)
{
    *p = (struct page){.out = out, .height = height, .width = width && width < PAGE_WIDTH ? width : PAGE_WIDTH};
    if (height)
        buf_text(out, HOME);
}

void page_end(struct page *p)
{
    if (!p->height || p->lines < p->height)
        buf_char(p->out, '\n');
    if (p->height && p->lines < p->height)
        buf_text(p->out, CLEAR_REST);
}

void page_begin_line(struct page *p, const char *style)
{
    p->skipped = p->height && p->lines == p->height;
    if (p->skipped)
        return;
    p->style = p->height ? style : NULL;
    p->column = 0;
    if (p->height)
        buf_text(p->out, p->lines ? "\n" CLEAR_LINE : CLEAR_LINE);
    p->lines++;
    if (p->style)
        buf_text(p->out, p->style);
}

void page_end_line(struct page *p)
{
    if (p->skipped)
        return;
    while (!p->style && p->column && p->out->data[p->out->len - 1] == ' ') {
        buf_cut(p->out, p->out->len - 1);
        p->column--;
    }
    if (p->style)
        buf_text(p->out, NO_STYLES);
    if (!p->height)
        buf_char(p->out, '\n');
}

/* Returns the bytes of the first character that a terminal may show, or 0. */
static size_t visible(const char *text, size_t len)
{
    uint32_t code = 0;
    size_t n = utf8_read(text, len, &code);

    return utf8_is_control(code) ? 0 : n;
}

unsigned page_columns(const char *text)
{
    unsigned n = 0;

    for (size_t left = strlen(text), bytes; left; text += bytes, left -= bytes, n++)
        bytes = visible(text, left) ? visible(text, left) : 1;
    return n;
}

void page_put(struct page *p, const char *text)
{
    for (size_t left = strlen(text), n; left && !p->skipped && p->column < p->width; text += n, left -= n) {
        n = visible(text, left);
        buf_put(p->out, n ? text : "_", n ? n : 1);
        n += !n;
        p->column++;
    }
}

void page_line(struct page *p, const char *style, const char *format, ...)
{
    char text[PAGE_TEXT_MAX];
    struct buf b = {.data = text, .cap = sizeof text - 1};
    va_list args;

    va_start(args, format);
    buf_format_args(&b, format, args);
    va_end(args);
    text[b.len] = '\0';
    page_begin_line(p, style);
    page_put(p, text);
    page_end_line(p);
}

void page_pad_to(struct page *p, unsigned column)
{
    while (!p->skipped && p->column < column && p->column < p->width) {
        buf_char(p->out, ' ');
        p->column++;
    }
}

void page_put_right(struct page *p, const char *text, unsigned width)
{
    unsigned end = p->column + width, len = page_columns(text);

    if (end > p->width) { /* half a number would be another one */
        page_pad_to(p, end);
        return;
    }
    if (len < width)
        page_pad_to(p, end - len);
    page_put(p, text);
}

const char *page_fit(uint64_t n, size_t width, char out[PAGE_NUMBER_MAX])
{
    static const char units[][2] = {"", "k", "M", "G", "T", "P", "E"};

    for (size_t i = 0;; i++, n /= 1000) {
        text_format(out, PAGE_NUMBER_MAX, "%llu%s", (unsigned long long)n, units[i]);
        if (strlen(out) <= width)
            return out;
    }
}

void page_put_number(struct page *p, uint64_t n, unsigned width)
{
    char text[PAGE_NUMBER_MAX];

    page_put_right(p, page_fit(n, width - 1, text), width);
}
