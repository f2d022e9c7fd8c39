/* An output's connection from its opening to its end, and what arrived over it. All of it runs in the output's thread.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "output/output.h"

/* Opens the link. Returns 0 or -errno. */
int connection_open(struct output *o);

/* Fits the length of datagrams to the path that the transport found. */
void connection_fit(struct output *o);

/* Goes over to the other link, which is open and leads to a better target, once the present one has ended as it should.
 */
void connection_swap(struct output *o);

/* Reads what the receiver of a stream sent, and counts what it acknowledged. Returns false if the connection ended. */
bool connection_drain(struct output *o);

/* The lines in hand are with the kernel, or where an answer acknowledges, with the receiver. */
void connection_sent(struct output *o);

/* Counts an error and reports it: what failed, with the link's reason or that of error, and what follows. costs: lines
 * are lost. */
void connection_note(struct output *o, const char *what, int error, const char *then, bool costs);

/* The connection broke: what it did not deliver, and what it delivered not long ago, waits for the next one. */
void connection_lost(struct output *o, const char *what, int error);

/* The receiver ended the connection over which nothing was pending, which is no error. */
void connection_ended(struct output *o);

/* Sets the pause before the next connection: up to max_ms, less once the program ends, and no less than the receiver
 * asked for. */
void connection_pause(struct output *o, unsigned max_ms);

/* Drops all lines: there is no connection for them, and they may not wait for one. */
void connection_drop(struct output *o);

/* Reports that the lines in hand are dropped, and why. NULL: the link says it. */
void connection_note_dropped(struct output *o, const char *why);

/* Ends the connection as it should be: the receiver has all when it ends its side, too. Returns false if
 * there is something it does not have, which waits again; last: that is an error then, for no other connection has it.
 */
bool connection_finish(struct output *o, bool last);

#endif
