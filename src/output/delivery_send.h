/* Sends an output's lines over its connection. For delivery.c. */
#ifndef DELIVERY_SEND_H
#define DELIVERY_SEND_H

#include "output/output.h"

/* Sends the next chunk, and what goes with it at once. The connection is open. Handles refusals and errors. */
void delivery_send(struct output *o);

#endif
