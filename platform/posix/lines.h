/* Reads files by lines, through a buffer of fixed size. */
#ifndef LINES_H
#define LINES_H

#include <stddef.h>

struct recording;

/* Receives a line of len bytes without its newline. Returns 0 to go on, 1 to stop, or -errno to fail. */
typedef int line_fn(void *ctx, const char *line, size_t len);

/* Passes each whole line of fd to fn; of a line longer than buf, the first cap bytes. What is read passes through r,
 * unless r is NULL. Returns the bytes left in buf after the last newline, or the -errno of read or fn. */
long lines_read(int fd, struct recording *r, char *buf, size_t cap, line_fn *fn, void *ctx);

#endif
