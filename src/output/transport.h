/* A transport sends lines to a receiver. A new one is a file with one struct transport, and a row in transport.c.
 *
 * Its functions run in the output's thread. They may block, with a time limit on every step (limits.h), and touch only
 * their link: delivery decides what is sent, repeated, counted and logged. They return 0, or -errno with the reason in
 * link->why where the errno is not the reason. */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "output/link.h"

/* The type of a receiver's socket. A stream has connections: lines wait for the next one, and the receiver's bytes are
 * read. A datagram arrives or is lost. */
enum shape {
    SHAPE_STREAM, /* the default */
    SHAPE_DATAGRAM,
    SHAPE_EITHER, /* open finds out, and sets link->stream */
};

/* How a receiver acknowledges what was sent. Datagrams are never acknowledged. */
enum acknowledged {
    ACKNOWLEDGED_NEVER,     /* the default: lines count as delivered once the kernel has them */
    ACKNOWLEDGED_BY_KERNEL, /* the receiver's kernel acknowledges a stream byte by byte: link_acked */
    ACKNOWLEDGED_BY_ANSWER, /* send returns once the receiver has answered; only with SHAPE_STREAM */
};

#define PROBE_UNKNOWN 1 /* nothing is wrong, as far as can be known */

struct transport {
    char scheme[12];         /* 11 letters at most, in lower case */
    bool has_host, has_path; /* parts of its URLs; only a path: a Unix socket; both: HTTP */
    bool needs_port;         /* there is no default port */
    bool has_tls;
    bool queues; /* late snapshots are sent even without timestamps; else only the newest */
    enum shape shape;
    enum acknowledged acknowledged;
    uint16_t port;                /* default port; 0: the format's */
    const struct encoder *format; /* default format; NULL: SOCKPUSH_FORMAT's default */
    size_t line_max;              /* bytes without the newline; 0: SOCKPUSH_MTU */
    size_t chunk_max;             /* bytes of a chunk of several lines, without the last newline; 0: line_max */
    size_t batch_max;             /* bytes of chunks sent at once; 0: each alone. Only where an answer acknowledges */
    unsigned backoff_max_ms;      /* longest pause between two attempts to open */

    /* Opens the connection: link_connect for a stream with hosts, otherwise link_adopt with a descriptor. */
    int (*open)(struct link *);

    /* Sends whole lines: a chunk, or a batch of chunks. len counts the last newline, which a datagram omits. A stream
     * counts what it sent in link->written, as stream_send_all does, for link_acked. An error ends the connection;
     * the lines are sent again over the next one, or, as a datagram, are lost. Only where an answer acknowledges can
     * it mean more:
     *
     *     -EBADMSG   refused for good, though a part of a batch may be stored
     *     -E2BIG     too much at once; nothing is stored
     *     -ENOTCONN  the receiver ended the idle connection before the request */
    int (*send)(struct link *, const char *lines, size_t len);

    /* Probes the receiver over an open connection, for --check, without sending lines. Returns 0 if it accepted the
     * request, PROBE_UNKNOWN, or -errno; link->why has the request and its result. NULL: this transport has no probe.
     */
    int (*probe)(struct link *);

    /* Closes link->fd where link_close must not; or NULL. */
    void (*close)(struct link *);
};

extern const struct transport output_udp, output_unix, output_unixgram, output_unixstream, output_tcp, output_tls,
    output_http, output_https, output_stdout;

/* All transports, NULL-terminated. */
extern const struct transport *const transports[];

/* Returns the transport with this scheme, or NULL. */
const struct transport *transport_find(const char *scheme);

/* Returns true if its URLs name a Unix socket, as unix:///PATH does. */
bool transport_has_socket_path(const struct transport *t);

/* Returns true if its URLs may have several hosts, tried in order: it has a host and acknowledgements. */
bool transport_fails_over(const struct transport *t);

/* Returns the longest line in bytes, without its newline. mtu: SOCKPUSH_MTU. */
size_t transport_line_max(const struct transport *t, size_t mtu);

/* Rules for the lines of one connection, derived from its transport and format. */
struct policy {
    bool wait; /* lines wait for the next connection; else they are dropped */
    bool keep; /* sent lines are kept until acknowledged, and for SOCKPUSH_REPLAY; increments are separate chunks */
    bool newest_only; /* a new snapshot replaces those that wait */
};

/* Returns the rules for a stream, or for datagrams. */
struct policy policy_of(const struct endpoint *endpoint, bool stream);

#endif
