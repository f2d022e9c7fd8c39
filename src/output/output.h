/* An output takes snapshots from the main thread and delivers them in its thread, which may block: a dead aggregator or
 * a slow resolver never delays a poll. Functions below output_start take the lock. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <pthread.h>

#include "output/backoff.h"
#include "output/outbox.h"
#include "output/packets.h"
#include "output/transport.h"
#include "output/trouble.h"

struct output {
    const struct endpoint *endpoint;
    size_t mtu; /* SOCKPUSH_MTU, or its default */
    bool mtu_set;
    uint64_t spread_ns; /* a snapshot's datagrams are spread over this */
    uint64_t replay_ns; /* SOCKPUSH_REPLAY */
    size_t packet_max;  /* bytes of a packet of several lines to output_relay, without its last newline */
    pthread_t thread;
    struct net_wake wake;
    pthread_mutex_t packets_lock; /* guards the next member; may be taken while `lock` is held */
    struct packets packets;       /* on their way to the box; without memory, the output passes nothing on */
    pthread_mutex_t lock;         /* guards the members from here to `done`, and `box` */
    struct output_stats stats;    /* all counters but lines, which the box counts */
    struct output_stats reported; /* at the last snapshot, for increments; the main thread's */
    struct trouble overload;      /* lines are not sent in time and dropped; the main thread's */
    uint64_t dropped_before;      /* dropped_lines when the snapshot began that is being put */
    uint64_t dropped_packets;     /* packets.dropped then */
    uint64_t lost_packets;        /* lines that this rose by since the snapshot before */
    bool idle;                    /* nothing waited then */
    bool refuses;                 /* its lines lack a time */
    struct policy policy;         /* of the connection in use, or the last one */
    size_t line_max;              /* longest line in bytes, without its newline */
    bool closing;
    bool done; /* the thread has ended; without closing: its receiver is gone for good */
    /* The rest belongs to the output's thread. */
    struct link *link, *other; /* in use; the second looks for a better target, or is NULL */
    char *data;                /* in hand: len bytes of `chunks` chunks, the last being `chunk` */
    size_t len, data_cap;
    unsigned chunks, chunks_max; /* chunks_max: limit after more were too much; 0: none */
    struct chunk chunk;
    struct trouble trouble;
    struct backoff backoff;
    bool opened_before, hurried;
    bool quiet;                         /* the receiver ended an idle connection: reopen only for new lines */
    bool reported_short;                /* an early end by the receiver was logged */
    unsigned given_up;                  /* chunks of which it accepted nothing, in a row */
    uint64_t acked_ns;                  /* time of the last acknowledgement, or when nothing was pending */
    uint64_t first_ack_ns, last_ack_ns; /* over this connection; 0: none yet */
    uint64_t delivered_before;          /* delivered_lines when it was opened */
    uint64_t paced_from_ns;             /* when the snapshot's first datagram was sent */
    uint64_t look_ns;                   /* when to look for a better target */
    uint64_t snapshot_errors;           /* since its first chunk was taken */
    uint64_t error_ns;                  /* when the last one was noted */
    size_t path_max;                    /* link->datagram_max when last read */
    struct outbox box;                  /* its end is large, and mostly untouched */
};

struct output_limits {
    size_t mtu, buffer; /* SOCKPUSH_MTU, SOCKPUSH_BUFFER */
    bool mtu_set;
    size_t snapshot_max; /* bytes of the largest possible snapshot */
    unsigned counters;   /* of struct added */
    size_t packets;      /* bytes of the queue of packets, which holds a few whatever it is; 0: none is passed on */
    uint64_t interval_ns, replay_ns;
};

/* Initialises *o, which is zeroed and never moves, with memory from `a`. Returns 0 or -errno. */
int output_init(struct output *o, const struct endpoint *endpoint, const struct output_limits *limits, struct arena *a);

/* Starts the thread. Returns 0 or -errno. */
int output_start(struct output *o);

/* Returns true if lines may wait for this receiver: not for datagrams, nor where a line is worth nothing late. */
bool output_waits(const struct endpoint *endpoint);

/* Returns true if lines without a time are dropped, as far as it is known without a connection. */
bool output_needs_time(const struct endpoint *endpoint);

/* Returns the longest line in bytes, without its newline, that the output accepts now; a path's MTU may change. */
size_t output_line_max(struct output *o);

/* Queue one poll's lines in pieces: begin, one call for each piece, end. The lock is held from begin to end. timed:
 * lines have timestamps; without, a stream drops them if its format has timestamps. adds: they do not replace the last
 * poll's, which may still wait. oversized: lines left out for their length. */
void output_begin(struct output *o, uint64_t poll, bool timed, bool adds);
void output_add(struct output *o, const struct lines *piece);
void output_end(struct output *o, uint64_t oversized);

/* Queues a packet of n lines of an application, each ended by a newline, for the listener's thread, which waits no
 * longer than a copy takes. Call it only with limits.packets. A packet should have up to packet_max bytes, and a
 * newline; one of a single line may have more. One that could never be sent is dropped. */
void output_relay(void *output, const char *lines, size_t len, uint32_t n);

/* Returns a copy of the queue, for its counters. */
struct packets output_read_packets(struct output *o);

/* Moves the increments that are to be sent again: adds them to *sum, of limits.counters counters. Those of an older
 * generation are dropped. Returns false if all are zero. */
bool output_take_pending(struct output *o, struct added *sum);

/* Adds n to one of the output's counters. */
void output_count(struct output *o, enum output_counter counter, uint64_t n);

/* Returns a copy of the counters. */
struct output_stats output_read_stats(struct output *o);

/* Asks the thread to send what waits, and to end. output_done then becomes true, and the main thread is woken. */
void output_close(struct output *o);
bool output_is_closing(struct output *o);
bool output_done(struct output *o);

/* Returns the number of lines not delivered yet. */
uint64_t output_left(struct output *o);

#endif
