/* A small printf: the C library's is a sixth of the binary's size. It knows %s, %.*s,
 * %.20s, %-20s, %d, %u, %lld, %llu, %zu and %%. Pure. */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdarg.h>

#include "base/arena.h"
#include "base/buf.h"

/* A piece that does not fit into b is cut where b ends, and b is marked full. */
void buf_format_args(struct buf *b, const char *format, va_list args);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

/* Into out, NUL-terminated; false if it was cut. */
bool text_format(char *out, size_t cap, const char *format, ...) __attribute__((format(__printf__, 3, 4)));

/* A text of the arena's. */
char *arena_format_args(struct arena *a, const char *format, va_list args);
char *arena_format(struct arena *a, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

#endif
