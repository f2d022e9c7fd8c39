/* A small printf: the C library's is a sixth of the binary's size. It supports %s, %.*s,
 * %.20s, %-20s, %d, %u, %lld, %llu, %zu and %%. Pure. */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdarg.h>

#include "base/arena.h"
#include "base/buf.h"

/* Append to b; text that does not fit is cut where b ends, and sets b->full. */
void buf_format_args(struct buf *b, const char *format, va_list args);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

/* Writes to out, NUL-terminated; cap is at least 1. Returns false if the text was cut. */
bool text_format(char *out, size_t cap, const char *format, ...) __attribute__((format(__printf__, 3, 4)));

/* Return a NUL-terminated text that belongs to the arena. */
char *arena_format_args(struct arena *a, const char *format, va_list args);
char *arena_format(struct arena *a, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

#endif
