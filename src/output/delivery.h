/* An output's thread: it sends what waits. */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "output/output.h"

/* The thread: arg is its output. Ends once output_close was called and all is delivered, or the
 * receiver is gone for good. */
void *delivery_run(void *arg);

#endif
