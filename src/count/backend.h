/* A backend is one way to read the kernel's socket tables. platform/<os>/backends.c lists
 * those of an operating system, best first. */
#ifndef BACKEND_H
#define BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "count/ports.h"
#include "count/recording.h"
#include "count/sock.h"

/* The needs of this run, the same for every poll. */
struct backend_want {
    const char *proc;             /* where procfs is mounted (SOCKPUSH_PROC) */
    bool listeners_first;         /* emit each LISTEN socket before any other socket */
    bool exact;                   /* emit every socket, whatever the kernel counts itself (SOCKPUSH_COUNT) */
    bool all_queues;              /* emit every TCP socket for its queues (SOCKPUSH_QUEUES=on) */
    bool drops;                   /* emit what UDP sockets have lost */
    const struct port_set *ports; /* local ports whose sockets are emitted one by one; NULL: totals suffice */
    bool listen;                  /* ports with a LISTEN socket are such ports, too */
    struct recording *recording;  /* records or replays all data that is read; or NULL */

    const struct port_set *remote_ports; /* as `ports`; the remote ones */
    struct port_set *local_ports;        /* gets those for connections at each poll (platform_local_ports); or NULL */
};

/* A report on one poll; the reader clears it, backends add to it. */
struct poll_report {
    uint64_t sockets;            /* emitted; the reader counts them */
    unsigned partial;            /* interrupted dumps, and tables that ended early */
    unsigned contradicted;       /* times that the kernel's counters contradicted its tables */
    const char *counting;        /* how TCP sockets were counted, where there is a choice; or NULL */
    bool ipv6;                   /* the kernel has IPv6 */
    bool queue_limits;           /* each listener was emitted with SOCK_QUEUE and SOCK_LIMIT */
    bool cookies;                /* each socket in CLOSE_WAIT that a program holds was emitted with its cookie */
    bool queues[PROTOCOL_COUNT]; /* each socket was emitted with SOCK_QUEUE, if it was emitted by itself */
    bool all_tcp;                /* each TCP socket was, and not only in this poll */
    bool drops;                  /* each UDP socket was emitted with SOCK_DROPS */
};

struct backend_state; /* defined by each backend */

struct backend {
    const char *name;
    /* Allocates *state, which close frees. Returns 0, or -errno: the caller tries the next backend. */
    int (*open)(struct backend_state **state, const struct backend_want *want);
    /* Emits every socket of one protocol. Returns 0, or -errno: the caller then discards
     * what was emitted, and closes the backend. */
    int (*poll)(struct backend_state *state, enum protocol protocol, sock_fn *emit, void *ctx,
                struct poll_report *report);
    /* Emits LISTEN sockets of TCP only, much faster than a poll; or NULL. Those that no local rule of `want` counts may
     * be left out. Returns 0, or -errno: the caller closes the backend, whose dump may not be over. */
    int (*listeners)(struct backend_state *state, sock_fn *emit, void *ctx);
    void (*close)(struct backend_state *state);
};

#endif
