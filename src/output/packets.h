/* Packets of an application's lines, which the listener's thread hands to an output: a queue, bounded in bytes, apart
 * from the outbox, whose lock is held while a whole snapshot is encoded. Pure; the output locks. */
#ifndef PACKETS_H
#define PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/ring.h"

struct packet {
    uint32_t len, lines; /* bytes of its lines, which follow it in the ring; their number */
};

struct packets {
    struct ring ring;
    size_t len_max;          /* bytes of the longest packet */
    uint64_t lines, dropped; /* lines in the ring; lines dropped since the start */
};

/* Initialises *p with cap bytes of memory, which stay the caller's. Packets of more than len_max bytes are dropped. */
void packets_init(struct packets *p, char *memory, size_t cap, size_t len_max);

/* Appends a packet of n whole lines, each ended by a newline. The oldest packets are dropped to make room. Returns true
 * if the queue was empty before. */
bool packets_put(struct packets *p, const char *lines, size_t len, uint32_t n);

/* Reads the header of the oldest packet. Returns false if there is none. */
bool packets_oldest(const struct packets *p, struct packet *out);

/* Removes the oldest packet, which is *oldest. */
void packets_remove(struct packets *p, const struct packet *oldest);

#endif
