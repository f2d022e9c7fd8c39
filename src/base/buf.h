/* A byte buffer of fixed capacity that whole lines are written to. Pure. */
#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* data == NULL with cap == SIZE_MAX only measures: len grows, nothing is written. */
struct buf {
    char *data;
    size_t len, cap;
    bool full; /* something did not fit; what had fitted before stays */
};

void buf_put(struct buf *b, const char *bytes, size_t len);
void buf_text(struct buf *b, const char *text); /* NUL-terminated */
void buf_char(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t value); /* decimal */

/* Takes everything after position mark back, and the mark "full" with it. */
void buf_cut(struct buf *b, size_t mark);

#endif
