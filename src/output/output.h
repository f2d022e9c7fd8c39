/* An output takes snapshots from the main thread and delivers them from its own, which
 * may block: a dead aggregator or a slow resolver never delays a poll. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <pthread.h>

#include "output/backoff.h"
#include "output/outbox.h"
#include "output/transport.h"
#include "output/trouble.h"

struct output {
    const struct endpoint *endpoint;
    size_t mtu; /* SOCKPUSH_MTU, or what is used where it is unset */
    bool mtu_set;
    uint64_t spread_ns; /* over how long a snapshot's datagrams may be spread */
    uint64_t replay_ns; /* SOCKPUSH_REPLAY */
    pthread_t thread;
    struct net_wake wake;
    pthread_mutex_t lock; /* of what follows */
    struct outbox box;
    struct output_stats stats;    /* but for the lines, which the box counts */
    struct output_stats reported; /* as of the last snapshot: main's, for increments */
    struct trouble overload;      /* main's: lines are dropped because they are not taken in time */
    struct policy policy;         /* of the connection in use, or of the last */
    size_t line_max;              /* longest line, its newline not counted */
    bool closing;
    bool done; /* the thread is at its end; without closing: its receiver is gone for good */
    /* The output thread's own. */
    struct link *link, *other; /* in use; for looking whether a better target answers, or NULL */
    char *data;                /* in hand: len bytes of so many chunks, this being the last */
    size_t len, data_cap;
    unsigned chunks, chunks_max; /* chunks_max: since more were too much at once; 0: no limit */
    struct chunk chunk;
    struct trouble trouble;
    struct backoff backoff;
    bool opened_before, hurried;
    bool quiet;          /* the receiver ended the connection, and nothing was pending: no reason to connect again */
    bool reported_short; /* that it ends connections early is logged */
    uint64_t acked_ns;   /* when the receiver last owed no acknowledgement, or gave one */
    uint64_t first_ack_ns, last_ack_ns; /* over this connection; 0: none yet */
    uint64_t delivered_before;          /* lines, when it was opened */
    uint64_t paced_from_ns;             /* when the snapshot's first datagram was sent */
    uint64_t look_ns;                   /* when a better target is looked for */
    uint64_t snapshot_errors;
    unsigned ack_pause_ms;
    size_t path_max; /* bytes of a datagram that the path took in one packet, when it was last looked at */
};

struct output_limits {
    size_t mtu, buffer; /* SOCKPUSH_MTU, SOCKPUSH_BUFFER */
    bool mtu_set;
    size_t snapshot_max; /* bytes of the largest snapshot there can be */
    uint64_t interval_ns, replay_ns;
};

/* Lays out *o, which is zeroed before, and stays where it is; memory from a. Returns 0 or -errno. */
int output_init(struct output *o, const struct endpoint *endpoint, const struct output_limits *limits, struct arena *a);

/* Starts the thread. Returns 0 or -errno. */
int output_start(struct output *o);

/* Returns true if lines may wait for this receiver: not for one of datagrams, nor without their
 * time where that matters. */
bool output_waits(const struct endpoint *endpoint);

/* Returns the longest line that the output takes now, in bytes, its newline not counted: a path's MTU may change. */
size_t output_line_max(struct output *o);

/* Gives the output one poll's whole lines. oversized: lines left away for their length.
 * timed: they have their time, which on a stream they must where the format has one. */
void output_put(struct output *o, const struct lines *lines, uint64_t oversized, bool timed);

/* Takes the increments that are to be told this output again; false if there are none. */
bool output_take_pending(struct output *o, struct added *pending);

/* Counts for the output's series. Any thread. */
void output_count(struct output *o, enum output_counter counter, uint64_t n);

/* Returns the counters. */
struct output_stats output_read_stats(struct output *o);

/* Tells the thread to send what waits and to end; main is woken when it has. */
void output_close(struct output *o);
bool output_is_closing(struct output *o);
bool output_done(struct output *o);

/* Returns the lines not delivered yet. */
uint64_t output_left(struct output *o);

#endif
