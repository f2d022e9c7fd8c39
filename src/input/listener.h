/* Receives what applications send, at several addresses. One thread for all of them takes datagrams into the metrics
 * and the packers, which have the lock when they send. It waits for no one but the flush, because the kernel's queues
 * are short.
 *
 * All functions are the main thread's. Nothing is allocated after listener_init. */
#ifndef LISTENER_H
#define LISTENER_H

#include <pthread.h>

#include "base/arena.h"
#include "input/counters.h"
#include "input/frames.h"
#include "input/intake.h"
#include "platform.h"

#define LISTEN_ADDRESSES 2 /* of one item: "localhost" is 127.0.0.1 and ::1 */
#define LISTEN_SOCKETS   (LISTEN_MAX * LISTEN_ADDRESSES)
#define LISTEN_CLIENTS   32      /* streams, of all items together */
#define LISTEN_BUFFER    4194304 /* bytes of a receive buffer, as asked for */
#define LISTEN_DRAIN_MS  1000
#define LISTEN_PACK_MS   100 /* a line is in a packer's hand for that long at most, and for the time of one turn */

enum listen_kind { LISTEN_UDP, LISTEN_UNIX, LISTEN_UNIXSTREAM };

struct listen_item {
    enum listen_kind kind;
    const char *host; /* of UDP, with its port */
    uint16_t port;
    const char *path; /* of a Unix socket, or "@name" */
    const char *name; /* for the log, and for the tag `listen` */
};

/* The thread's counters of an item, since the start. */
struct listen_counts {
    uint64_t datagrams;       /* received; also frames, and lines of a stream of lines */
    uint64_t truncated;       /* of which the end is lost, and streams broken by a frame that is too long */
    uint64_t refused_clients; /* streams for which there was no room */
    struct intake_counters lines;
};

/* The same, and the item's queue. */
struct listen_stats {
    struct listen_counts taken;
    uint64_t kernel_drops;        /* datagrams for which the queue had no room, since the start */
    unsigned buffer_used_percent; /* of the fullest queue, now */
    bool queue_known;             /* the system reports these two; else they are 0 */
};

struct listen_socket {
    int fd;
    const struct listen_item *item;
    struct listen_counts *counts; /* of its item */
    struct net_addr addr;
    unsigned buffer;      /* bytes of the receive buffer, as given */
    struct net_file file; /* of a Unix socket */
    uint32_t drops;       /* as the kernel reported last */
    int error;            /* -errno that was logged last; the thread's */
    bool rests;           /* until rest_end_ns, after an error; the thread's */
};

struct listen_client {
    int fd; /* -1: free */
    struct listen_counts *counts;
    struct frames *frames;
};

struct listener {
    const struct listen_item *items;
    int n_items, n_sockets;
    struct listen_socket socket[LISTEN_SOCKETS];
    struct listen_client client[LISTEN_CLIENTS];
    int n_clients; /* LISTEN_CLIENTS, or 0 if no item has streams */
    struct net_batch *batch;
    uint64_t rest_end_ns;  /* the thread's; 0: none rests */
    uint64_t flush_end_ns; /* the thread's: when packers must send what they have in hand; 0: they have nothing */
    /* The thread's, of its last turn: when it began, how many datagrams came by UDP, and whether it must not pause:
     * more wait, some were long, or some came elsewhere. */
    uint64_t turn_ns;
    bool may_pause; /* this system can end a pause in time */
    unsigned turn_datagrams;
    bool turn_hurries;
    struct net_wake wake;
    pthread_t thread;
    bool started;
    /* With the lock, which listener_enter takes: */
    pthread_mutex_t door, lock;
    struct intake intake; /* its packers are set between listener_init and listener_start */
    struct listen_counts counts[LISTEN_MAX];
    bool stops;
    /* The main thread's, as of the last flush: */
    struct listen_stats stats[LISTEN_MAX];
    struct packer_counters packed[OUTPUTS_MAX]; /* of the packers */
    uint32_t series;
    /* Kept by listener_log_new: what it has logged. */
    struct listen_stats logged[LISTEN_MAX];
    bool logged_fault[LINE_FAULTS + 1], logged_delta;
    uint64_t logged_overflow;
    bool overflows;
};

/* Opens the sockets of n items, 1 to LISTEN_MAX, which stay the caller's. metrics may be NULL if there will be packers.
 * A host is looked up for up to timeout_ms. Returns 0, or -errno after it has logged why; then no socket is open. */
int listener_init(struct listener *l, const struct listen_item *items, int n, struct metrics *metrics, int timeout_ms,
                  struct arena *a);

/* Returns the item that receives what is sent to this address by UDP, whose port is given, too; or NULL. */
const struct listen_item *listener_at(const struct listener *l, const struct net_addr *addr, uint16_t port);

/* Returns the item that receives what is sent to this Unix socket, or NULL. */
const struct listen_item *listener_at_path(const struct listener *l, const char *path);

/* Starts the thread. Returns 0 or -errno. */
int listener_start(struct listener *l);

/* Ends the interval: flushes the metrics while the thread waits, and copies l->series and the counters of the items and
 * the packers. Also after listener_close. */
void listener_flush(struct listener *l, uint64_t now_ms, int64_t wall_ms);

/* Copies the counters alone: the metrics' interval goes on. */
void listener_count(struct listener *l);

/* Logs what the last intervals brought for the first time: a refused line of each kind, losses and their ends. Call it
 * after a flush. */
void listener_log_new(struct listener *l);

/* Removes the sockets' files, takes what has arrived, for at most LISTEN_DRAIN_MS, sends what is packed, ends the
 * thread, and closes the sockets. Without a thread only closes. */
void listener_close(struct listener *l);

/* Take the lock and return it, for both threads. Who waits for it gets it next: the receiving thread frees it for
 * moments only, and else would take it again each time before the other wakes. */
void listener_enter(struct listener *l);
void listener_leave(struct listener *l);

/* The thread. ctx is the listener. */
void *listener_run(void *ctx);

#endif
