/* A line of StatsD, written anew. */
#ifndef LINE_AGAIN_H
#define LINE_AGAIN_H

#include "input/line.h"

/* Writes a line of this one value of a line, with its name, kind, rate and tags, and checks that all of them are read
 * again. */
void must_read_value_again(const struct line *l, const struct line_value *v);

#endif
