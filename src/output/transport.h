/* A transport: how lines get to a receiver. A new one is a file with one struct transport, and a row in transport.c.
 *
 * Its functions run in the output's thread. They may block, but keep a limit of time in every step (limits.h), and work
 * on their link alone: what is sent when, what is sent again, counted and logged is delivery's business. They return 0
 * or -errno, with the reason in words in link->why where the errno does not say it. */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "output/link.h"

/* The kind of a receiver's socket. A stream has connections that begin and end: lines wait for the next one, and what
 * the receiver sends is read. Each datagram stands for itself: it arrives or is lost. */
enum shape {
    SHAPE_STREAM, /* where nothing is said */
    SHAPE_DATAGRAM,
    SHAPE_EITHER, /* open finds out, and sets link->stream */
};

/* How it is known that the receiver has what was sent; of a datagram it never is. */
enum acknowledged {
    ACKNOWLEDGED_NEVER,     /* where nothing is said: it counts as delivered when it is handed to the kernel */
    ACKNOWLEDGED_BY_KERNEL, /* the kernel of a stream's receiver does it, byte by byte: link_acked */
    ACKNOWLEDGED_BY_ANSWER, /* send returns when the receiver has answered. Only with SHAPE_STREAM */
};

struct transport {
    char scheme[12];         /* 11 letters at most, in lower case */
    bool has_host, has_path; /* in its URLs; a path alone is a socket's. A host and an acknowledgement: several hosts
                              * are tried in their order. A host and a path: HTTP */
    bool needs_port;         /* there is no usual one */
    bool has_tls;
    bool queues; /* late snapshots are wanted, too, where the format has no times; else only the newest */
    enum shape shape;
    enum acknowledged acknowledged;
    uint16_t port;                /* the usual one; 0: the format's */
    const struct encoder *format; /* the usual one; NULL: SOCKPUSH_FORMAT's default */
    size_t line_max;              /* bytes without the newline; 0: SOCKPUSH_MTU */
    size_t chunk_max;             /* bytes of a chunk of several lines, without the last newline; 0: line_max */
    size_t
        batch_max; /* bytes of several chunks that are sent at once; 0: each alone. Only where an answer acknowledges */
    unsigned backoff_max_ms; /* longest pause between two attempts to open */

    /* Opens the connection: link_connect for a stream with hosts, else link_adopt with a descriptor. */
    int (*open)(struct link *);

    /* Sends whole lines: a chunk, or a batch of them. len counts the last newline, which a datagram goes without. What
     * a stream sends is counted in link->written, from which what is acknowledged is told: stream_send_all does so.
     * Errors end the connection, and the same lines come again over the next one, or as a datagram are lost. Where an
     * answer acknowledges: 0: stored; -EBADMSG: refused, and always will be, though a part of a batch may be stored;
     * -EMSGSIZE: too much at once, and nothing is stored; -ENOTCONN: the receiver had ended the connection before, as
     * it may between two requests. Elsewhere no error says that lines are refused. */
    int (*send)(struct link *, const char *lines, size_t len);

    /* Closes link->fd where link_close is not the way; or NULL. */
    void (*close)(struct link *);
};

extern const struct transport output_udp, output_unix, output_unixgram, output_unixstream, output_tcp, output_tls,
    output_http, output_https, output_stdout;

/* All of them, NULL-terminated. */
extern const struct transport *const transports[];

/* Returns the transport with this scheme, or NULL. */
const struct transport *transport_find(const char *scheme);

/* Returns true if its URLs lead to a socket's file, as unix:///PATH. */
bool transport_has_socket_path(const struct transport *t);

/* Returns true if its URLs may have several hosts. */
bool transport_fails_over(const struct transport *t);

/* Returns the longest line in bytes, its newline not counted. */
size_t transport_line_max(const struct transport *t, size_t mtu);

/* The rules for the lines of one connection; they follow from transport and format. */
struct policy {
    bool wait; /* lines wait for the next connection; else they are dropped with the one there is not */
    bool keep; /* what was sent is kept until it is acknowledged, and for SOCKPUSH_REPLAY; increments are chunks of
                  their own */
    bool newest_only; /* a new snapshot drives out those that wait */
};

/* Returns what holds for a connection that is a stream, or one of datagrams. */
struct policy policy_of(const struct endpoint *endpoint, bool stream);

#endif
