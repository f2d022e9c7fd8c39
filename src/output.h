/* An output takes snapshots from the main thread and delivers them from its own, which
 * may block: a dead aggregator or a slow resolver never delays a poll. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <pthread.h>

#include "encode.h"
#include "outbox.h"
#include "platform.h"

#define OUTPUTS_MAX 8
#define UNIX_CHUNK_MAX 8192
#define STREAM_CHUNK_MAX 16383

/* Where an output goes: one item of SOCKPUSH_TO, checked. */
struct endpoint {
    const char *name; /* canonical, without format: "udp://127.0.0.1:8125"; the tag `output` */
    const struct encoder *format;
    const struct output_kind *kind;
    const char *host; /* NULL where the kind has none */
    const char *path; /* "unix" kinds */
    uint16_t port;
};

#define LINK_ADDRS 8

/* A connection, or the lack of one; the output thread's alone. */
struct link {
    const struct endpoint *to;
    int fd; /* -1: not open */
    bool stream;
    bool watch; /* fd becomes readable when the receiver ends the connection */
    bool gone;  /* set by send: the receiver is gone for good (a closed pipe) */
    int refused; /* set by send: -errno that an *earlier* datagram met; this one was sent */
    struct net_addr addr[LINK_ADDRS];
    int n_addrs, current;
    uint64_t resolved_ns;
    char why[128]; /* why open or send failed, if the errno does not say it; else "" */
};

/* A transport. Functions return 0 or -errno; time is limited in every step. */
struct output_kind {
    char scheme[12];
    bool has_host, has_path;
    bool datagram;
    bool either;             /* datagram, unless open found a stream */
    bool queues;             /* late snapshots are wanted whatever the format */
    size_t chunk_max;        /* bytes; 0: SOCKPUSH_MTU */
    unsigned retry_max_ms;   /* longest pause between two attempts to open */
    int (*open)(struct link *);
    int (*send)(struct link *, const char *lines, size_t len); /* whole lines, a chunk */
    void (*close)(struct link *);
};

extern const struct output_kind output_udp, output_unix, output_unixgram, output_unixstream,
    output_stdout;

/* All transports, NULL-terminated. */
extern const struct output_kind *const output_kinds[];

/* By scheme, or NULL. */
const struct output_kind *output_kind_find(const char *scheme);

/* Pushed as series sockpush_output. */
enum output_counter { SENT_LINES, SEND_ERRORS, DROPPED_LINES, RECONNECTS, OUTPUT_COUNTERS };

struct output_stats {
    uint64_t n[OUTPUT_COUNTERS];
};

struct output {
    const struct endpoint *to;
    size_t line_max;     /* longest line, its newline not counted */
    uint64_t spread_ns;  /* over how long a snapshot's datagrams may be spread */
    pthread_t thread;
    struct net_wake wake;
    pthread_mutex_t lock; /* of what follows */
    struct outbox box;
    struct output_stats stats;
    struct output_stats told; /* as of the last snapshot: main's, for increments */
    bool closing;
    bool done; /* the thread is at its end; without closing: its receiver is gone for good */
    bool held; /* the chunk in hand is still to be sent */
    struct chunk chunk;
    /* The output thread's own. */
    struct link link;
    char *data; /* the chunk in hand */
    bool opened_before, failing;
    uint64_t retry_ns, failing_since_ns, failing_errors;
    unsigned backoff_ms, snapshot_errors;
};

struct output_limits {
    size_t mtu, buffer;   /* SOCKPUSH_MTU, SOCKPUSH_BUFFER */
    size_t snapshot_max;  /* bytes of the largest snapshot there can be */
    uint64_t interval_ns;
};

/* True if lines may wait for this receiver: not for one of datagrams, nor without their
 * time where that matters. */
bool output_waits(const struct endpoint *to);

size_t output_line_max(const struct endpoint *to, size_t mtu);

/* Starts the thread. *o is zeroed before, and stays where it is; memory from a. 0 or -errno. */
int output_start(struct output *o, const struct endpoint *to, const struct output_limits *limits,
                 struct arena *a);

/* Gives the output one poll's whole lines. oversized: lines left away for their length. */
void output_put(struct output *o, uint64_t poll, const char *lines, size_t len, uint64_t oversized);

/* The counters; DROPPED_LINES with the outbox's. */
struct output_stats output_read_stats(struct output *o);

/* Tells the thread to send what waits and to end; main is woken when it has. */
void output_close(struct output *o);
bool output_done(struct output *o);

/* Lines not sent: waiting or in hand. */
uint64_t output_left(struct output *o);

#endif
