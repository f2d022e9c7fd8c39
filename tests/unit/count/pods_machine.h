/* A machine whose processes, namespaces and sockets a test chooses, in place of platform/'s, and the pods that are
 * found there. */
#ifndef PODS_MACHINE_H
#define PODS_MACHINE_H

#include "count/pods.h"
#include "platform.h"

#define COUNTED 1000 /* the namespace that is counted already */

struct process {
    int pid;
    uint64_t mark, name_space;
    struct pod_identity identity;
};

struct pods_machine {
    struct process process[64];
    unsigned n;
    struct pod_reading reading[64]; /* by namespace, less COUNTED */
    struct sock sock[64];           /* that are emitted */
    uint64_t place[64];             /* the namespace of each */
    unsigned n_socks;
    unsigned cut; /* the process ends in its next reading, before this one of its sockets; 0: none does */
    int error;    /* of a walk */
    int read_error;
    unsigned looks, identities;
    struct pods pods;
    struct rules rules;
    struct arena arena;
    uint64_t now_ms;
    unsigned depth[POD_PORTS + 1]; /* readings at each */
};

extern struct pods_machine m;

/* Begins with process 1, in COUNTED. rules: of ports in each pod, or NULL. Free m.arena at the end. */
void machine_begin(uint32_t max, uint8_t tags, const char *logs, const char *rules);

/* Starts a process, with an empty text for what its cgroup does not tell; finds it; ends it. */
struct process *machine_run(int pid, uint64_t name_space, const char *uid, const char *container);
struct process *machine_process(int pid);
void machine_end(int pid);

/* Returns what is read of a namespace. */
struct pod_reading *machine_reading(uint64_t name_space);

/* Sets numbers of a namespace by which it is known again. */
void machine_count(uint64_t name_space, uint64_t sockets, uint64_t retransmitted);

/* Adds a socket. */
void machine_socket(uint64_t name_space, struct sock s);

void poll_after(uint64_t ms);

/* Returns the only series that has this text. */
struct pod_series *series_with(enum pod_tag tag, const char *text);

#endif
