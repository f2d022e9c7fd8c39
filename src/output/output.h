/* An output takes snapshots from the main thread and delivers them from its own, which
 * may block: a dead aggregator or a slow resolver never delays a poll. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <pthread.h>

#include "output/link.h"
#include "output/outbox.h"

extern const struct output_kind output_udp, output_unix, output_unixgram, output_unixstream, output_tcp,
    output_tls, output_http, output_https, output_stdout;

/* All transports, NULL-terminated. */
extern const struct output_kind *const output_kinds[];

/* By scheme, or NULL. */
const struct output_kind *output_kind_find(const char *scheme);

struct output {
    const struct endpoint *to;
    size_t line_max;     /* longest line, its newline not counted */
    uint64_t spread_ns;  /* over how long a snapshot's datagrams may be spread */
    uint64_t replay_ns;  /* SOCKPUSH_REPLAY */
    uint64_t acked_ns;   /* the output thread's: when the receiver last owed no acknowledgement, or gave one */
    pthread_t thread;
    struct net_wake wake;
    pthread_mutex_t lock; /* of what follows */
    struct outbox box;
    struct output_stats stats; /* but for the lines, which the box counts */
    struct output_stats told;  /* as of the last snapshot: main's, for increments */
    bool keeps;   /* the link is a socket's stream: what was sent is kept until it is acknowledged */
    bool closing;
    bool done; /* the thread is at its end; without closing: its receiver is gone for good */
    /* The output thread's own. */
    struct link *link, *other; /* in use; for looking whether a better target answers, or NULL */
    char *data;                /* in hand: len bytes of so many chunks, this being the last */
    size_t len;
    unsigned chunks;
    struct chunk chunk;
    unsigned batch_chunks;     /* as many at most, since the receiver refused more */
    bool opened_before, failing, failing_dropped, hurried;
    uint64_t paced_from_ns; /* when the snapshot's first datagram was sent */
    uint64_t retry_ns, look_ns, failing_since_ns, failing_errors;
    unsigned backoff_ms, snapshot_errors, ack_pause_ms;
    unsigned failing_said;
    char failing_why[sizeof ((struct link *)0)->why]; /* what was said last */
};

struct output_limits {
    size_t mtu, buffer;   /* SOCKPUSH_MTU, SOCKPUSH_BUFFER */
    size_t snapshot_max;  /* bytes of the largest snapshot there can be */
    uint64_t interval_ns, replay_ns;
};

/* True if lines may wait for this receiver: not for one of datagrams, nor without their
 * time where that matters. */
bool output_waits(const struct endpoint *to);

size_t output_line_max(const struct endpoint *to, size_t mtu);

/* Starts the thread. *o is zeroed before, and stays where it is; memory from a. 0 or -errno. */
int output_start(struct output *o, const struct endpoint *to, const struct output_limits *limits,
                 struct arena *a);

/* Gives the output one poll's whole lines. oversized: lines left away for their length.
 * timed: they have their time, which on a stream they must where the format has one. */
void output_put(struct output *o, const struct lines *lines, uint64_t oversized, bool timed);

/* Takes the increments that are to be told this output again; false if there are none. */
bool output_take_owed(struct output *o, struct added *owed);

/* The counters. */
struct output_stats output_read_stats(struct output *o);

/* Tells the thread to send what waits and to end; main is woken when it has. */
void output_close(struct output *o);
bool output_done(struct output *o);

/* Lines not delivered yet. */
uint64_t output_left(struct output *o);

#endif
