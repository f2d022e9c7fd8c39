/* A byte buffer of fixed capacity, for whole lines. Pure.
 * A piece that does not fit is left out and sets "full"; then all later pieces are left out. */
#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* With data NULL and cap SIZE_MAX the buffer only measures: len grows, nothing is written. */
struct buf {
    char *data;
    size_t len, cap; /* bytes */
    bool full;
};

/* Each appends one piece. */
void buf_put(struct buf *b, const char *bytes, size_t len);
void buf_text(struct buf *b, const char *text); /* NUL-terminated */
void buf_char(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t value); /* decimal */

/* Removes everything after the first mark bytes, and clears "full". */
void buf_cut(struct buf *b, size_t mark);

#endif
