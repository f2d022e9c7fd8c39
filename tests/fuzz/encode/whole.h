/* Checks that hold for the records of any format. */
#ifndef WHOLE_H
#define WHOLE_H

#include "encode/encode.h"

/* Checks that what the sink has is whole records, as many as it counts, none longer than line_max, and that lines hold
 * no byte that a receiver would misread. */
void must_be_whole(const struct sink *sink, const struct encoder *format);

#endif
