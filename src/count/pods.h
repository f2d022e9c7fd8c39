/* The network namespaces of other processes: found, read at each poll, named, and added up as the series of
 * netstat_pod.
 *
 * A namespace is found by the processes that are in it, and read through one of them, which needs no rights. The kernel
 * uses its number again as soon as it is gone. So a namespace goes on only as long as one of its known processes does,
 * or if what comes under its number belongs to the same container; and what is read counts only if the process was in
 * it before and after. */
#ifndef PODS_H
#define PODS_H

#include "base/arena.h"
#include "count/pod.h"
#include "count/pod_names.h"

/* SOCKPUSH_PODS. */
enum pods_mode { PODS_OFF, PODS_ON, PODS_FULL };

/* The tags of a series, in the order of their keys in measurements[] (encode/fields.c). SOCKPUSH_POD_TAGS chooses among
 * those before POD_NETNS. */
enum pod_tag { POD_NAMESPACE, POD_NAME, POD_UID, POD_CONTAINER, POD_NETNS, POD_TAGS };

/* The increases that are pushed, in the order of the fields. */
enum pod_increase {
    POD_LISTEN_OVERFLOWS,
    POD_LISTEN_DROPS,
    POD_ACTIVE_OPENS,
    POD_PASSIVE_OPENS,
    POD_RETRANS_SEGS,
    POD_SYN_RETRANS,
    POD_ESTAB_RESETS,
    POD_OUT_RSTS,
    POD_UDP_IN_ERRORS,
    POD_UDP_RCVBUF_ERRORS,
    POD_INCREASES
};

/* Texts of the tags; "" where one is not known, or in a series, not chosen. What follows each one is zeroed. */
struct pod_texts {
    char name_space[POD_NAMESPACE_MAX], name[POD_NAME_MAX], uid[POD_UID_MAX], container[POD_CONTAINER_MAX], netns[21];
};

/* Returns the text of a tag. */
const char *pod_text(const struct pod_texts *t, enum pod_tag tag);

/* Namespaces with the same tags, added up. */
struct pod_series {
    struct pod_texts text;
    char origin[POD_CONTAINER_MAX]; /* the ID of the container, if it is of one namespace with one; else "" */
    bool live, ending;              /* ending: it is pushed for the last time, in formats that mark ends */
    bool ipv6;                      /* a namespace of it has IPv6 */
    bool unread;                    /* it lacks what a namespace of it has in this poll: there are no gauges */
    bool torn;                      /* the sockets of one were in part read twice: their ports are not known */
    bool listeners;                 /* those of a namespace were read in this poll, and those of all at some time */
    uint8_t zero_polls;             /* since its last namespace ended */
    uint16_t views;                 /* its namespaces */
    uint32_t generation;            /* counts the series that had this place in the table */
    uint64_t seen_ms;               /* time of the last poll with a namespace */
    int64_t start_ms;               /* wall clock when the totals were 0; < 0: not known */
    uint64_t time_wait, current;
    struct pod_family family[2];
    uint64_t total[POD_INCREASES];    /* since the first reading of each namespace */
    uint64_t reported[POD_INCREASES]; /* the totals at the last snapshot */
};

/* A process that is known. */
struct pod_process {
    int pid;
    uint32_t view : 30; /* its namespace: an index in view[], or one of those below */
    uint32_t young : 2; /* 2: the last look is the first that saw it; 1: the second */
    uint64_t mark;
};

#define VIEW_COUNTED 0x3fffffffu /* the namespace that is counted already */
#define VIEW_NONE    0x3ffffffeu /* not known, or left out */

/* A network namespace. */
struct pod_view {
    uint64_t name_space;   /* its number; 0: this place is free */
    uint32_t process;      /* it is read through this one: an index in process[], or PROCESSES_MAX */
    bool alive;            /* in the look: a process of it is there */
    bool named;            /* in the look: so is the process that tells whose it is */
    bool read;             /* in this poll */
    bool fresh, listeners; /* its listeners were read: in this poll; at some time */
    bool busy;             /* it has so many connections that its listeners are cheaply read */
    uint16_t based;        /* bits of enum pod_increase: base has a reading */
    int owner_pid;         /* the process that tells whose it is; 0: none does */
    struct pod_identity owner;
    char pod_space[POD_NAMESPACE_MAX], pod_name[POD_NAME_MAX]; /* "" where not known */
    struct pod_series *series; /* NULL: there was no place for one, or the pod has a kernel of its own */
    uint64_t base[POD_INCREASES];
    uint32_t listen[2], accept_queue[2];
};

#define PROCESSES_MAX     65536 /* that are looked at; those with the highest pids are left out */
#define PODS_LEFT_OUT_MAX 64    /* namespaces that are left out, and told apart */

struct pods_want {
    const char *proc;
    const char *logs;          /* the directory of SOCKPUSH_POD_LOGS */
    uint8_t tags;              /* bits of enum pod_tag */
    bool full;                 /* every socket is read */
    const struct rules *rules; /* of ports, each pod's; or NULL */
    uint32_t max_ports;        /* series of ports */
    bool all;                  /* no namespace is counted already */
    bool marks_ends;           /* as in struct tally */
    uint32_t max;              /* namespaces, and series */
    uint64_t interval_ms;
};

/* The turns of namespaces to have their listeners read. */
struct pod_turn {
    uint32_t next;     /* the next one's index in view[] */
    int64_t budget_ns; /* CPU time that is left; < 0: it was exceeded */
};

struct pods {
    struct pods_want want;
    struct pod_view *view;
    struct pod_series *series;
    struct pod_process *process, *before; /* by pid; those of the look before */
    struct tally *ports;                  /* in views, of the series; or NULL */
    uint32_t n_processes, n_before;
    uint32_t n_views, n_series; /* places that were ever taken */
    uint32_t looks;
    struct pod_turn turn[2]; /* of namespaces that are idle, and busy */
    uint32_t left_out;       /* namespaces without a place in view[], up to PODS_LEFT_OUT_MAX */
    uint32_t unseen;         /* namespaces that are not read: those, and those without a series */
    uint64_t left_out_number[PODS_LEFT_OUT_MAX];
    uint64_t counted; /* number of the namespace that is counted already, or 0 */
    uint64_t now_ms, looked_ms;
    int64_t time_ms;
    int error;         /* of the last look: -errno, or 0 */
    int logs_error;    /* of the last listing of want.logs: -errno, or 0 */
    bool looked;       /* in this poll */
    bool lost;         /* a namespace has no known process any more */
    bool failed;       /* a namespace was not read in this poll, though a process is there */
    bool counted_some; /* in the reading under way: sockets, by port */
};

/* Sets up *p, zeroed before. Allocates from a. */
void pods_init(struct pods *p, const struct pods_want *want, struct arena *a);

/* Finds namespaces, if it is time for that, and reads each one, with PLATFORM_KERNEL_BUF bytes of buf. now_ms: of the
 * monotonic clock; time_ms: the wall clock, < 0: not known. */
void pods_poll(struct pods *p, uint64_t now_ms, int64_t time_ms, char *buf);

/* Ends series without a namespace that pushed zeros long enough. Call it after each snapshot. */
void pods_expire(struct pods *p);

/* Returns the pod of a series of ports, which was pushed in this poll or ended before; or NULL: it was not read, or
 * there is none, as of "other". */
const struct pod_series *pods_of_ports(const struct pods *p, const struct series *series);

/* --- parts of pods_poll, in files of their own ------------------------------------- */

/* Looks which processes there are, and finds, names and ends namespaces. */
void pods_look(struct pods *p);

/* Gives the namespace the series for its texts, and takes it from the one that it had, which keeps the numbers of this
 * poll. */
void pods_assign(struct pods *p, struct pod_view *v);

/* Takes the namespace from its series. */
void pods_leave(struct pod_view *v);

/* Count the sockets by port, if there are rules: begin, enter for each reading of a namespace, pods_count (a sock_fn on
 * the pods) for each of its sockets, end. */
void pods_begin_ports(struct pods *p);
void pods_enter_ports(struct pods *p, const struct pod_view *v);
void pods_count(void *pods, const struct sock *s, uint64_t n);
void pods_end_ports(struct pods *p);

/* Notes the origin of each series. */
void pods_note_origins(struct pods *p);

#endif
