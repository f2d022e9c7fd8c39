/* A backend reads the kernel's socket tables in one way. platform/<os>/backends.c
 * lists the ways of an operating system, best first. */
#ifndef BACKEND_H
#define BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "count/recording.h"
#include "count/sock.h"

/* What the run needs of every poll. */
struct backend_want {
    const char *proc;            /* where procfs is mounted (SOCKPUSH_PROC) */
    bool listeners_first;        /* emit each LISTEN socket before any other socket */
    struct recording *recording; /* what is read passes through it, or comes from it; or NULL */
};

/* The truth about one reading; the reader clears it, backends add to it. */
struct poll_report {
    uint64_t sockets; /* emitted; the reader counts them */
    unsigned partial; /* dumps marked as interrupted, tables cut short */
    bool ipv6;        /* the kernel has IPv6 */
};

struct backend_state; /* each backend's own */

struct backend {
    const char *name;
    /* 0 and *state (freed by close), or -errno: try the next. */
    int (*open)(struct backend_state **state, const struct backend_want *want);
    /* Emits every socket of one protocol. 0 or -errno; after an error the caller
     * takes back what was emitted and closes the backend. */
    int (*poll)(struct backend_state *state, enum protocol protocol, sock_fn *emit, void *ctx,
                struct poll_report *report);
    void (*close)(struct backend_state *state);
};

#endif
