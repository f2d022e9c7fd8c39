/* A poll of sockets that are made of bytes. */
#ifndef PUT_SOCKETS_H
#define PUT_SOCKETS_H

#include <stddef.h>

#include "count/tally.h"

/* Tallies a poll with a socket for each four bytes, up to 100. Few ports and addresses differ, so that series have more
 * than one. */
void put_sockets(struct tally *t, const uint8_t *data, size_t size);

#endif
