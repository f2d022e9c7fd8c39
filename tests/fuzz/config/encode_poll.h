/* The poll that a valid configuration pushes, checked. */
#ifndef ENCODE_POLL_H
#define ENCODE_POLL_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

/* Encodes a poll of sockets, which are made of the data, for each output, and checks that its records are whole, and
 * fit if snapshot_max has predicted it. */
void encode_poll(struct config *c, const uint8_t *data, size_t size);

#endif
