/* A connection to a receiver: how it is opened, read, written and closed. Functions run in the output's thread. */
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

/* One item of SOCKPUSH_TO, checked. */
struct endpoint {
    const char *name; /* canonical URL without the format, "tls://a:6514,b:6514"; the tag `output` */
    const struct encoder *format;
    const struct transport *transport;
    struct target target[TARGETS_MAX]; /* empty where the transport has no host */
    int n_targets;
    const char *path;             /* of a Unix socket; over HTTP path and query, as they are sent */
    const struct time_unit *unit; /* unit of the receiver's times; NULL: the format's */
    const struct tls_settings *tls;
    const struct http_settings *http;
    const char *hidden; /* HTTP only: the parts of path that `name` masks, one a line */
};

/* Returns the unit of the lines' times, in milliseconds; 0: finer. */
static inline int64_t endpoint_unit_ms(const struct endpoint *endpoint)
{
    return endpoint->unit ? endpoint->unit->ms : endpoint->format->min_interval_ms;
}

/* The addresses of a target's name. The last good ones are kept while look-ups fail. */
struct addresses {
    struct net_addr addr[LINK_ADDRS];
    int n, current;
    uint64_t resolved_ns;
    bool failed;   /* no address works: a look-up may take its full time */
    bool reported; /* a failed look-up was logged, and none succeeded since */
};

/* Consumes bytes that the receiver sent. Returns 0, or the error that stream_drain is to return. */
typedef int link_take_fn(void *ctx, const char *data, size_t len);

/* A connection, open or not. */
struct link {
    const struct endpoint *endpoint;
    int fd;        /* -1: not open */
    bool stream;   /* else datagrams */
    bool cut;      /* set by delivery: the kernel holds bytes that must not be delivered: link_close resets */
    bool gone;     /* set by send: the receiver is gone for good (a closed pipe) */
    bool blind;    /* set by link_acked: the system does not report acknowledgements */
    bool segments; /* set by open: each send becomes one TCP segment */
    int refused;   /* set by send: -errno of an *earlier* datagram; this one was sent */
    struct addresses known[TARGETS_MAX];
    int target;          /* index of the target that it leads to */
    int first;           /* index of the target to try first; the others follow in order */
    int target_end;      /* targets below this index are tried */
    bool brief;          /* attempts must be short, because another connection works */
    uint64_t written;    /* bytes that the kernel accepted over this connection */
    uint64_t opened_ns;  /* set by delivery */
    bool answered;       /* set by send: an answer arrived over it */
    uint32_t window_max; /* largest window that the receiver advertised */
    size_t datagram_max; /* set by open and send: bytes of a datagram that the path carries whole; 0: unknown */
    struct tls *tls;     /* NULL: not encrypted */
    link_take_fn *take;  /* consumes what the receiver sends; NULL: it is discarded */
    void *take_ctx;
    uint64_t rejected; /* set by send: points that the receiver did not store of a request that it accepted */
    unsigned wait_ms;  /* set by send: least pause that the receiver asked for; 0: none */
    char why[800];     /* why open, send or drain failed; "": the errno is the reason */
};

void link_init(struct link *l, const struct endpoint *endpoint);

/* Looks up target t. If that fails, the known addresses stay. Returns 0, or -EHOSTUNREACH with l->why if no address is
 * known. */
int link_resolve(struct link *l, int t);

/* Connects a stream to the first target with an address where connect and handshake (NULL: none) succeed. Returns 0, or
 * the last -errno with l->why, which names each target's reason. */
int link_connect(struct link *l, int (*handshake)(struct link *l, const char *host));

/* Makes fd the connection, over which nothing was sent yet. The link closes fd. */
void link_adopt(struct link *l, int fd, bool stream);

/* Formats the reason of a failure into l->why. */
void link_explain(struct link *l, const char *format, ...) __attribute__((format(__printf__, 2, 3)));

/* Does the TLS handshake; for link_connect. Returns 0, or -errno with l->why. */
int link_handshake(struct link *l, const char *host);

/* Send or receive what is possible without waiting. Return the number of bytes, 0 at the end of the connection,
 * -EAGAIN, or another -errno with l->why. Sent bytes are added to l->written. */
long link_send_some(struct link *l, const void *data, size_t len);
long link_receive_some(struct link *l, void *data, size_t len);

/* Ends this side of a stream; what was sent before is still delivered. Returns 0 or -errno. */
int link_finish(struct link *l);

/* Closes the connection, if there is one. */
void link_close(struct link *l);

/* Returns how many bytes of this connection the receiver's kernel has acknowledged. Where the system does not report
 * that, returns l->written and sets l->blind. */
uint64_t link_acked(struct link *l);

#endif
