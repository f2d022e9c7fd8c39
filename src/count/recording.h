/* What backends read, kept in a file (record:PATH) or taken from it in their place
 * (replay:PATH): everything behind the system calls is then the same program.
 *
 * A line says whose it is, "sockpush recording 1 linux little-endian 64-bit"; blocks follow,
 * of four letters, the payload's length (4 bytes, little endian) and the payload:
 *   poll              a poll begins
 *   read  "netlink tcp"   a backend begins to read a protocol
 *   data              a datagram, or what one read gave; empty at a file's end
 *   fail  errno, 4 bytes, little endian */
#ifndef RECORDING_H
#define RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "count/sock.h"

#define RECORDING_NAME_MAX 32

struct recording {
    int fd;
    bool replays;
    bool over; /* the file's end, or what is no block: nothing more is read or written */
    /* Of a replay: the block at hand. */
    char kind[4];                  /* kind[0] == 0: none yet */
    uint32_t left;                 /* bytes of its payload that were not read yet */
    char name[RECORDING_NAME_MAX]; /* a "read" block's payload */
};

/* Creates the file, which must not be there. 0 or -errno. */
int recording_create(struct recording *r, const char *path);

/* Opens one to replay. 0, or -1 and why not in words: no such file, another machine's, … */
int recording_open(struct recording *r, const char *path, char *why, size_t why_cap);

/* In what follows r may be NULL: then nothing is recorded and data passes through. */

bool recording_replays(const struct recording *r);

/* A poll begins. False: a replay has none left. */
bool recording_poll(struct recording *r);

/* A backend begins to read. 0, or -ENODATA: at this place in a replay it did not. */
int recording_read(struct recording *r, const char *backend, enum protocol p);

/* Passes on what a system call gave: n bytes of data, or -errno. A replay puts what was
 * given then into data (cap bytes) instead; -EMSGSIZE if it does not fit, -ENODATA if there
 * is nothing. The number of bytes, or -errno. */
long recording_pass(struct recording *r, void *data, size_t cap, long n);

#endif
