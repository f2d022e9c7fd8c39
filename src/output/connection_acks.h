/* Acknowledgements of an output's lines. For the files of its connection. */
#ifndef CONNECTION_ACKS_H
#define CONNECTION_ACKS_H

#include "output/connection.h"

/* Returns true if lines are kept until they are acknowledged in this way. */
static inline bool acknowledged_by(const struct output *o, enum acknowledged how)
{
    return o->policy.keep && o->endpoint->transport->acknowledged == how;
}

/* Returns true if the connection has carried traffic for span_ns. */
bool acks_carried_for(const struct output *o, uint64_t span_ns);

/* Drops what was first acknowledged longer ago than SOCKPUSH_REPLAY. Call it with the lock held.
 *
 * A connection that did not carry traffic that long, and did not break (doubtful), may have led to a proxy without a
 * receiver: its lines are kept until enough connections have carried them (COPY_MS). Lines do not age while an
 * acknowledgement is pending: a receiver that fell silent may have lost what it acknowledged before, and TCP takes a
 * while to notice. */
void acks_forget(struct output *o, bool doubtful);

/* Counts the lines up to position `acked` of the connection as delivered, and drops what will not be sent again. */
void acks_note(struct output *o, uint64_t acked);

#endif
