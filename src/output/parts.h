/* A refused chunk is sent in parts, to drop only the records that the receiver refuses. */
#ifndef PARTS_H
#define PARTS_H

#include "output/output.h"

/* Returns true if the request in hand, which failed with -errno `error`, can be sent in parts: it was refused, is a
 * single chunk of several records, and its format asks for that; but not while the receiver refuses everything. */
bool parts_help(const struct output *o, int error);

/* Sends the refused chunk in hand in parts, down to single records, and logs what is refused. Sets *dropped to the
 * number of records that are not stored, which the caller counts. Returns 0 once every record is accepted or refused,
 * or -errno: -EBADMSG or -E2BIG if no record was accepted; after another error the whole chunk has to be sent again.
 */
int parts_send(struct output *o, uint64_t *dropped);

#endif
