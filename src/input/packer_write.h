/* Lines as a packer's dialect has them. Pure. */
#ifndef PACKER_WRITE_H
#define PACKER_WRITE_H

#include "base/buf.h"
#include "input/packer.h"

/* A line to be written: one value of what was received, or, with value NULL, all of it. */
struct outgoing {
    const struct line *line;
    const struct line_value *value;
    struct span text;
};

/* Appends it, with LF. Returns how many lines it became: two for a gauge of statsd that is set to a negative value. */
uint32_t packer_write(const struct packer *p, struct buf *b, const struct outgoing *o);

#endif
