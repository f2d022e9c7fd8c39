/* Our tags as DogStatsD's lines have them, for the lines of others. Pure. */
#ifndef DOGSTATSD_H
#define DOGSTATSD_H

#include "base/buf.h"
#include "count/tags.h"
#include "input/packer.h"

/* Appends the tags' texts, and sets out to them, so that they must stay. tags has at most TAGS_ALL_MAX. The first that
 * does not fit, and those after it, are left out; then texts is full. */
void dogstatsd_tags(const struct tags *tags, struct buf *texts, struct packer_tags *out);

#endif
