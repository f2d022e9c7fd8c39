/* An output's thread, in two files: delivery.c sends what waits and hears what arrived,
 * reconnect.c opens the link when there is none. All of it runs in that thread. */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "output/output.h"

/* The thread: arg is its output. Ends once output_close was called and all is delivered, or the
 * receiver is gone for good. */
void *delivery_run(void *arg);

/* Counts an error and says it, when trouble begins: what failed, with the link's reason, and
 * what follows from it. */
void delivery_note_error(struct output *o, const char *what, int error, const char *then);

/* Ends the connection as it should be: the receiver has all when it ends its side, too. False:
 * there is something it does not have, which waits again. */
bool delivery_finish_link(struct output *o);

bool delivery_is_closing(struct output *o);

/* Opens the link; 0 or -errno. */
int reconnect_open(struct output *o);

/* The same if it is time to, else waits for that time or for a new snapshot. True: it is open. */
bool reconnect_ensure(struct output *o);

/* The link broke: sets the earliest time of the next attempt. */
void reconnect_later(struct output *o);

/* Of an output with several targets that is not at the first: milliseconds until it is looked
 * again whether a better one answers, -1: never; and that look, if it is time to. */
int reconnect_look_ms(const struct output *o);
void reconnect_look(struct output *o);

#endif
