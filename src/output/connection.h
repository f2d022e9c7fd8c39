/* An output's connection. Functions run in the output's thread. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "output/output.h"

/* Opens the connection. Returns 0, or -errno with o->link->why. */
int connection_open(struct output *o);

/* Fits the length of datagrams to the path MTU that the transport found. */
void connection_fit(struct output *o);

/* Ends the current connection in order, then switches to o->other, which is open and leads to a better target. */
void connection_swap(struct output *o);

/* Reads what a stream's receiver sent, and counts what it acknowledged. Returns false if the connection ended. */
bool connection_drain(struct output *o);

/* Returns true if the connection has had no error for HELD_MS. */
bool connection_is_sound(const struct output *o);

/* Returns the pause before the next look at acknowledgements: as long as none came, so that pauses double. A packet
 * that ends a pause early makes none longer. */
int connection_ack_pause_ms(const struct output *o);

/* Marks the lines in hand as sent: the kernel has them, or, where an answer acknowledges, the receiver, which did not
 * store `dropped` of them, or all if they are fewer. */
void connection_sent(struct output *o, uint64_t dropped);

/* Counts and logs an error: `what` failed, why (link->why, else the text of -errno `error`), and `then`, what follows.
 * costs: lines are lost. */
void connection_note(struct output *o, const char *what, int error, const char *then, bool costs);

/* Closes a connection that broke. Lines that it did not deliver, or delivered within SOCKPUSH_REPLAY, wait again. */
void connection_lost(struct output *o, const char *what, int error);

/* Closes a connection that the receiver ended while nothing was pending. That is not an error. */
void connection_ended(struct output *o);

/* Sets the pause before the next attempt: at most max_ms, less once the program ends; at least what the receiver asked
 * for. */
void connection_pause(struct output *o, unsigned max_ms);

/* Drops all lines but waiting packets, where there is no connection and lines may not wait for one. */
void connection_drop(struct output *o);

/* Logs that the lines in hand are dropped, and why; NULL: l->why already holds the reason. */
void connection_note_dropped(struct output *o, const char *why);

/* Ends the connection in order: the receiver has everything when it ends its side, too. Returns false if lines are
 * unacknowledged and wait again. last: no other connection will carry them, which is an error. */
bool connection_finish(struct output *o, bool last);

#endif
