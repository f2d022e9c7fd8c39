/* The thread of an output, which sends what waits in its outbox. */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "output/output.h"

/* Runs the thread; arg is its struct output. Returns NULL once output_close was called and all is delivered, or once
 * the receiver is gone for good. */
void *delivery_run(void *arg);

#endif
