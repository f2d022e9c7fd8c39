/* Lines of a page for a terminal, or of plain text, of at most PAGE_WIDTH columns. Columns without room on a
 * narrower terminal are left out. Pure. */
#ifndef PAGE_H
#define PAGE_H

#include "base/buf.h"

#define PAGE_WIDTH      80
#define PAGE_LINE_MAX   (4 * PAGE_WIDTH + 20) /* bytes, with its control sequences */
#define PAGE_TEXT_MAX   400                   /* bytes of a line of page_line; the rest is cut */
#define PAGE_NUMBER_MAX 22

/* Control sequences of ECMA-48. */
#define PAGE_BOLD    "\33[1m"
#define PAGE_INVERSE "\33[7m"

struct page {
    struct buf *out;
    unsigned height;   /* lines of the terminal; 0: plain text */
    unsigned width;    /* columns of a line, at most PAGE_WIDTH */
    unsigned lines;    /* that were begun, of these */
    unsigned column;   /* of the next character */
    const char *style; /* of the line; or NULL */
    bool skipped;      /* the terminal has no room for this line */
};

/* Begin and end a page. It is written from the terminal's top left corner on, in the place of the one before. A plain
 * text ends in an empty line. height, width: of the terminal; 0 for plain text. */
void page_begin(struct page *p, unsigned height, unsigned width, struct buf *out);
void page_end(struct page *p);

/* Begin and end a line. Those that exceed the terminal are left out. style: a control sequence that only terminals
 * get; or NULL. */
void page_begin_line(struct page *p, const char *style);
void page_end_line(struct page *p);

/* Puts a whole line. */
void page_line(struct page *p, const char *style, const char *format, ...) __attribute__((format(__printf__, 3, 4)));

/* Puts as much of the text as the line has room for. Each character that could control a terminal becomes "_". */
void page_put(struct page *p, const char *text);

/* Puts a text, or a number, at the right of `width` columns, or blanks if the line has no room for all of them. A
 * number that is too long is put in thousands, millions and so on. */
void page_put_right(struct page *p, const char *text, unsigned width);
void page_put_number(struct page *p, uint64_t n, unsigned width);

/* Puts blanks up to this column. */
void page_pad_to(struct page *p, unsigned column);

/* Returns how many columns the text takes. Each character counts as one. */
unsigned page_columns(const char *text);

/* Writes the number in at most `width` columns, which are at least 4. Returns out. */
const char *page_fit(uint64_t n, size_t width, char out[PAGE_NUMBER_MAX]);

#endif
