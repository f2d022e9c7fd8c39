/* The data that backends read, written to a file (record:PATH) or read from it instead of
 * the kernel (replay:PATH). All code after the system calls runs the same in both.
 *
 * The first line is "sockpush recording 2 linux little-endian 64-bit". Blocks follow: four
 * letters, the payload's length (4 bytes, little endian) and the payload:
 *   poll  empty                   a poll begins
 *   read  "netlink tcp"           a backend begins to read a protocol; "kernel": the kernel's counters are read next
 *   data  bytes                   a datagram, or the bytes of one read; empty at a file's end. Those before the first
 *                                 "read" are the settings of local ports, which a replay may pass over
 *   fail  4 bytes, little endian  the errno of a system call or of the backend */
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
    bool over; /* the file ended, or reading or writing failed: it is used no more */
    /* The open block of a replay: */
    char kind[4];                  /* its letters; kind[0] is 0 if no block is open */
    uint32_t left;                 /* bytes of its payload that are not read yet */
    char name[RECORDING_NAME_MAX]; /* the payload of a "read" block */
};

/* Creates the file. Returns 0 or -errno; -EEXIST if there is anything at path. */
int recording_create(struct recording *r, const char *path);

/* Opens a recording to replay. Returns 0, or -1 with the reason in why. */
int recording_open(struct recording *r, const char *path, char *why, size_t why_cap);

/* In the functions below r may be NULL: nothing is recorded, and data passes through. */

bool recording_replays(const struct recording *r);

/* Begins a poll. Returns false if a replay has no more polls. */
bool recording_poll(struct recording *r);

/* Begins a read of this name, shorter than RECORDING_NAME_MAX. Returns 0, or -ENODATA where a replay has no such read
 * next. */
int recording_begin(struct recording *r, const char *name);

/* Begins a backend's read of a protocol, as recording_begin does. */
int recording_read(struct recording *r, const char *backend, enum protocol p);

/* Records the result of a system call: n bytes of data, or -errno in n. A replay copies the
 * recorded result into data (cap bytes) instead. Returns n or that result, which is
 * -EMSGSIZE if it does not fit, -ENODATA if it is absent. */
long recording_pass(struct recording *r, void *data, size_t cap, long n);

#endif
