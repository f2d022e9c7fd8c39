/* The connection of an output to its receiver, and the transports that make one. */
#ifndef LINK_H
#define LINK_H

#include "encode/encode.h"
#include "platform.h"
#include "tls/tls.h"

#define TARGETS_MAX 8 /* hosts of one output, tried in order */
#define LINK_ADDRS 8  /* addresses of one host */

struct target {
    const char *host;
    uint16_t port;
};

/* Where an output goes: one item of SOCKPUSH_TO, checked. */
struct endpoint {
    const char *name; /* canonical, without format: "tls://a:6514,b:6514"; the tag `output` */
    const struct encoder *format;
    const struct output_kind *kind;
    struct target target[TARGETS_MAX]; /* none where the kind has no host */
    int n_targets;
    const char *path; /* "unix" kinds; of HTTP path and query, as they are sent */
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
};

/* A connection, or the lack of one; the output thread's alone. */
struct link {
    const struct endpoint *to;
    int fd; /* -1: not open */
    bool stream;
    bool torn; /* something is with the kernel that it must not deliver: close resets */
    bool gone; /* set by send: the receiver is gone for good (a closed pipe) */
    int refused; /* set by send: -errno that an *earlier* datagram met; this one was sent */
    struct addresses known[TARGETS_MAX];
    int target;        /* which of them it leads to */
    int first;         /* which is tried first; then the others in their order */
    int target_end;    /* those before it are tried */
    bool brief;        /* trying must not take long: there is another connection */
    uint64_t written;  /* bytes that the kernel took over this connection */
    uint64_t opened_ns;
    bool answered;     /* set by send: it has carried an answer */
    uint32_t window_max; /* largest that the receiver had open */
    struct tls *tls;   /* NULL: not encrypted */
    unsigned wait_ms;  /* set by send: not to be tried again before; 0: that was not said */
    char why[800]; /* why open, send or hear failed, if the errno does not say it; else "" */
};

/* A transport. Functions return 0 or -errno; time is limited in every step. What send returns
 * where the kind answers: 0: stored; -EBADMSG: refused, with the same lines it always will be;
 * -ENOTCONN: the receiver had ended the connection, as it may between two requests; others: the connection is of no use any more, these lines can be sent over the next. */
struct output_kind {
    char scheme[12];
    bool has_host, has_path;
    bool needs_port;
    uint16_t port;           /* the usual one; 0: the format's */
    const struct encoder *format; /* the usual one; NULL: SOCKPUSH_FORMAT's default */
    bool fails_over;         /* may have several hosts */
    bool has_tls;
    bool datagram;
    bool either;             /* datagram, unless open found a stream */
    bool answers;            /* send returns when the receiver has stored it, or why not */
    bool queues;             /* late snapshots are wanted whatever the format */
    size_t line_max;         /* bytes; 0: SOCKPUSH_MTU */
    size_t chunk_max;        /* bytes of a chunk of several lines; 0: line_max */
    size_t batch_max;        /* bytes of several chunks that are sent at once; 0: each alone */
    unsigned retry_max_ms;   /* longest pause between two attempts to open */
    int (*open)(struct link *);
    int (*send)(struct link *, const char *lines, size_t len); /* whole lines, a chunk */
    int (*hear)(struct link *);   /* of a socket's stream: reads what there is; -EPIPE at its end */
    int (*finish)(struct link *); /* of such: says that no more will come */
    void (*close)(struct link *);
};

void link_init(struct link *l, const struct endpoint *to);

/* Looks target t up; what was known stays if that fails, and is not waited long for. 0, or
 * -EHOSTUNREACH with l->why. */
int link_resolve(struct link *l, int t);

/* Connects a stream to the first target that has an address where that works, and greet too
 * (NULL: nothing to do). 0, or the last -errno with l->why, where each target's reason is. */
int link_connect(struct link *l, int (*greet)(struct link *l, const char *host));

/* Says in l->why why that went wrong. */
void link_explain(struct link *l, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

/* For link_connect: TLS's handshake with the receiver. */
int link_shake_hands(struct link *l, const char *host);

/* The bytes that the connection took or gave at once, 0 at its end, -EAGAIN, or another -errno
 * with l->why. */
long link_send_some(struct link *l, const void *data, size_t len);
long link_receive_some(struct link *l, void *data, size_t len);

/* hear, finish and close of a stream. */
int link_hear(struct link *l);
int link_finish(struct link *l);
void link_close(struct link *l);

/* The position in this connection up to which the receiver's kernel has acknowledged. */
uint64_t link_acked(const struct link *l);

#endif
