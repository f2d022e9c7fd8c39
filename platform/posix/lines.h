/* Reading files by lines, through a buffer of fixed size. */
#ifndef LINES_H
#define LINES_H

#include <stddef.h>

struct recording;

/* line has len bytes and no newline. 0: go on; 1: enough; -errno: give up with this. */
typedef int line_fn(void *ctx, const char *line, size_t len);

/* Gives fn each whole line of fd; of one that does not fit into buf, its first cap bytes.
 * What is read passes through r, or with NULL does not.
 * The bytes left in buf behind the last newline (0: none), or read's or fn's -errno. */
long lines_read(int fd, struct recording *r, char *buf, size_t cap, line_fn *fn, void *ctx);

#endif
