/* The connection of an output to its receiver. */
#ifndef LINK_H
#define LINK_H

#include "encode/encode.h"
#include "platform.h"
#include "tls/tls.h"

#define TARGETS_MAX 8 /* hosts of one output, tried in order */
#define LINK_ADDRS  8 /* addresses of one host */

struct transport;

struct target {
    const char *host;
    uint16_t port;
};

/* Where an output goes: one item of SOCKPUSH_TO, checked. */
struct endpoint {
    const char *name; /* canonical, without format: "tls://a:6514,b:6514"; the tag `output` */
    const struct encoder *format;
    const struct transport *transport;
    struct target target[TARGETS_MAX]; /* none where the transport has no host */
    int n_targets;
    const char *path;             /* "unix" kinds; of HTTP path and query, as they are sent */
    const struct time_unit *unit; /* that the receiver reads times in; NULL: the format's own */
    const struct tls_settings *tls;
    const struct http_settings *http;
    const char *hidden; /* of HTTP: what of the path is masked in name, a line each */
};

/* What is known of a target's name: the last good addresses stay. */
struct addresses {
    struct net_addr addr[LINK_ADDRS];
    int n, current;
    uint64_t resolved_ns;
    bool failed;   /* none of them works: a look-up gets all the time it needs */
    bool reported; /* that a look-up failed, since it last succeeded */
};

/* Takes bytes that the receiver sent. Returns 0, or what stream_drain returns then. */
typedef int link_take_fn(void *ctx, const char *data, size_t len);

/* A connection, or the lack of one; the output thread's alone. */
struct link {
    const struct endpoint *endpoint;
    int fd;        /* -1: not open */
    bool stream;   /* else of datagrams */
    bool cut;      /* set by delivery: something is with the kernel that it must not deliver, and link_close resets */
    bool gone;     /* set by send: the receiver is gone for good (a closed pipe) */
    bool blind;    /* set by link_acked: the system does not tell what of a stream is acknowledged */
    bool segments; /* set by open: each send is to be a TCP segment of its own */
    int refused;   /* set by send: -errno that an *earlier* datagram met; this one was sent */
    struct addresses known[TARGETS_MAX];
    int target;          /* which of them it leads to */
    int first;           /* which is tried first; then the others in their order */
    int target_end;      /* those before it are tried */
    bool brief;          /* trying must not take long: there is another connection */
    uint64_t written;    /* bytes that the kernel took over this connection */
    uint64_t opened_ns;  /* set by delivery */
    bool answered;       /* set by send: it has carried an answer */
    uint32_t window_max; /* largest that the receiver had open */
    size_t datagram_max; /* set by open and send: bytes that the path takes whole; 0: not known */
    struct tls *tls;     /* NULL: not encrypted */
    link_take_fn *take;  /* what the receiver sends; NULL: it is thrown away */
    void *take_ctx;
    unsigned wait_ms; /* set by send: not to be tried again before; 0: that was not said */
    char why[800];    /* why open, send or drain failed, if the errno does not say it; else "" */
};

void link_init(struct link *l, const struct endpoint *endpoint);

/* Looks target t up; what was known stays if that fails, and is not waited long for. Returns 0, or
 * -EHOSTUNREACH with l->why. */
int link_resolve(struct link *l, int t);

/* Connects a stream to the first target that has an address where that works, and handshake too
 * (NULL: nothing to do). Returns 0, or the last -errno with l->why, where each target's reason is. */
int link_connect(struct link *l, int (*handshake)(struct link *l, const char *host));

/* Makes this descriptor the connection: a new one, over which nothing went yet. */
void link_adopt(struct link *l, int fd, bool stream);

/* Writes the reason of a failure to l->why. */
void link_explain(struct link *l, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

/* For link_connect: TLS's handshake with the receiver. */
int link_handshake(struct link *l, const char *host);

/* Return the bytes that the connection took or gave at once, 0 at its end, -EAGAIN, or another -errno
 * with l->why. Sending counts in l->written. */
long link_send_some(struct link *l, const void *data, size_t len);
long link_receive_some(struct link *l, void *data, size_t len);

/* Ends this side of a stream; what was sent before is still delivered. Returns 0 or -errno. */
int link_finish(struct link *l);

/* Closes the connection, if there is one. */
void link_close(struct link *l);

/* Returns the position in this connection up to which the receiver's kernel has acknowledged. Where the system does not
 * tell, that is all that was written, and l->blind is set. */
uint64_t link_acked(struct link *l);

#endif
