/* Another network namespace: the numbers that are read of it, and whose it is. */
#ifndef POD_H
#define POD_H

#include <stdbool.h>
#include <stdint.h>

#include "count/kernel.h"
#include "count/tally.h"

/* The parts of a network namespace that are read. */
enum pod_depth {
    POD_COUNTERS,  /* the kernel's counters, whose cost does not grow with the number of sockets */
    POD_LISTENERS, /* listening sockets, too: their rows stand first, but to find the end of them the kernel may walk
                      through the sockets of all namespaces */
    POD_SOCKETS,   /* every socket, by state */
    POD_PORTS,     /* besides, UDP's sockets: each one is emitted, with its port */
};

/* The sockets of one IP version. */
struct pod_family {
    uint64_t tcp_inuse;    /* sockstat's, which has no TIME_WAIT */
    uint64_t accept_queue; /* of all listeners; from POD_LISTENERS on */
    uint64_t
        count[FIELD_COUNT]; /* FIELD_UDP always; STATE_LISTEN from POD_LISTENERS on; all states from POD_SOCKETS on */
};

struct pod_reading {
    struct pod_family family[2]; /* IPv4; IPv6, with sockets that also take IPv4 */
    uint64_t time_wait, current; /* of both versions: sockstat's tw, snmp's CurrEstab */
    struct kernel_reading kernel;
    bool ipv6; /* the kernel has it */
};

#define POD_UID_MAX       40 /* bytes, with the NUL: "01234567-89ab-cdef-0123-456789abcdef", a static pod's has no '-' */
#define POD_CONTAINER_MAX 65 /* 64 hexadecimal digits; LXC's and systemd-nspawn's names are cut */

/* Whose a process is, as far as its cgroup tells; "" is unknown. */
struct pod_identity {
    char uid[POD_UID_MAX];             /* with '-', whatever the cgroup has */
    char container[POD_CONTAINER_MAX]; /* an ID, or a name */
    bool by_id;                        /* the container has an ID, as Docker, containerd, CRI-O and podman give */
    bool sandbox;                      /* the process only holds the pod's namespaces: it is called "pause", or has no
                                          command line, as gVisor's helpers, and those that erased theirs */
    bool guest;                        /* it runs a kernel of its own, which has the container's sockets */
    uint64_t started;                  /* clock ticks since the boot */
};

#endif
