/* Decides when an output without a connection opens one, and when one that is not at its first target looks for a
 * better one. Runs in the output's thread. */
#ifndef RECONNECT_H
#define RECONNECT_H

#include "output/output.h"

/* Opens the connection if it is time to, else waits for that or for a new snapshot. Returns true if it is open. */
bool reconnect_ensure(struct output *o);

/* Returns the milliseconds until the next look for a better target; -1: none is due. */
int reconnect_look_ms(const struct output *o);

/* Looks for a better target, if it is time to, and switches to it. */
void reconnect_look(struct output *o);

#endif
