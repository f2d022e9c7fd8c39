/* When an output without a connection opens one, and when one that is not at its first target looks for a better one.
 * It runs in the output's thread. */
#ifndef RECONNECT_H
#define RECONNECT_H

#include "output/output.h"

/* Opens the connection if it is time to, else waits for that time or for a new snapshot. Returns true if it is open. */
bool reconnect_ensure(struct output *o);

/* Returns the milliseconds until it is looked again whether a better target answers; -1: never. */
int reconnect_look_ms(const struct output *o);

/* Looks for a better target, if it is time to, and goes over to it. */
void reconnect_look(struct output *o);

#endif
