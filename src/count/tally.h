/* Counts sockets: rules → series × state. Memory is allocated once, for the largest number
 * of series; a poll allocates nothing. The caller passes the time, which is monotonic. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "count/accept_queue.h"
#include "count/drops.h"
#include "count/ephemeral.h"
#include "count/owner_hint.h"
#include "count/rules.h"
#include "count/sock.h"

#define FIELD_UDP   STATE_COUNT /* fields are the TCP states, then UDP */
#define FIELD_COUNT (STATE_COUNT + 1)

#define EPHEMERAL_UNKNOWN 255

/* The owner of a series; owners.c maintains it. */
struct owner {
    uint64_t retry_ms;
    int pid;         /* 0: not known */
    int fd;          /* the process's descriptor of the socket */
    uint32_t inode;  /* of the socket */
    uint32_t sought; /* the first inode that the last walk looked for that did not find it */
    uint8_t misses;  /* such walks in a row */
    bool listening;  /* the socket is a listener */
    bool lost;       /* it was known until this poll */
};

/* Bytes that wait in the queues of sockets that do not listen. */
enum queue_bytes { TCP_RX_BYTES, TCP_TX_BYTES, UDP_RX_BYTES, QUEUE_BYTES };

/* The rest of a series that sockets made. It ends some time after the last of them. */
struct discovery {
    uint8_t address[16]; /* RULE_MATCH: the local address */
    uint64_t view;       /* of struct tally */
    uint16_t port;       /* the local port; 0: the rule has one series */
    bool ending;         /* it pushed its last zeros: the next push only marks its end */
    unsigned zero_polls; /* polls since the last socket that pushed zeros */
    uint32_t next;       /* in the hash's chain, or among the free slots: 1 + index, or 0 at the end */
    uint64_t seen_ms;    /* time of the last poll with a socket */
};

/* Many rules make many series, so this is small. 32 bits are enough: a socket takes
 * more than 200 bytes of the kernel. */
struct series {
    uint32_t count[FIELD_COUNT];
    int rule;                    /* RULE_NONE: "other", past SOCKPUSH_MAX_SERIES */
    struct discovery *discovery; /* NULL: explicit, from the start to the end */
    uint8_t ip_version;
    uint8_t ephemeral_percent;    /* of RULE_REMOTE: local ports in use on its busiest route; or EPHEMERAL_UNKNOWN */
    bool live;                    /* it is pushed */
    uint8_t drops_index;          /* of struct drops, from its first lost datagram on; or 0 */
    uint32_t close_wait_oldest_s; /* how long the oldest socket in CLOSE_WAIT has been seen there */
    uint64_t bytes[QUEUE_BYTES];
    uint64_t drops; /* datagrams lost since its start */
    struct accept_queue queue;
    struct owner_hint hint;
    struct owner owner;
};

struct total {
    uint64_t count[FIELD_COUNT];
    uint64_t bytes[QUEUE_BYTES];
    uint64_t fullest; /* percent: the fullest accept queue whose limit is known */
};

struct tally {
    const struct rules *rules;
    struct total total[2];                         /* IPv4, IPv6 */
    struct series *series;                         /* slots; explicit series first: rule order, 4 before 6 */
    struct discovery *discovery;                   /* of the slots from n_explicit on */
    struct series **order;                         /* the live series, in the order they are pushed */
    uint32_t *explicit_of;                         /* by rule: 1 + its first series, or 0 for rules that discover */
    uint32_t n_order, n_explicit, n_slots, n_room; /* n_room is the largest n_slots */
    uint32_t discovered, max_discovered;
    uint32_t *bucket, bucket_mask, free_slot;
    bool marks_ends;         /* set by the caller: a series ends one push later, which marks its end */
    bool by_view;            /* every series is made by its sockets, in the view that they are in */
    uint64_t view;           /* in which the sockets are, by the caller's names; 0: there is only one */
    uint32_t sample;         /* number of the last sample of accept queues */
    struct notes close_wait; /* when each socket of a series was first seen in CLOSE_WAIT, in ms */
    struct drops drops;
    bool all_tcp, lost_all_tcp; /* total.bytes has all TCP sockets'; it had until this poll */
    bool reorder, overflowed;   /* overflowed: "other" was needed */
    uint64_t now_ms, step_ms;   /* this poll's time, and the time since the poll before */
    struct port_set *listening; /* this poll: TCP ports with a LISTEN socket; NULL: no rule needs them */
    struct port_set *listened;  /* the poll before; restored when a reading of TCP fails */
    struct ephemeral
        *ephemeral; /* this poll; its ports are the caller's to set, before the rows. NULL: no RULE_REMOTE */
};

/* Sets up *t for rules, which must outlive it. Allocates from a. */
void tally_init(struct tally *t, const struct rules *rules, uint32_t max_discovered, struct arena *a);

/* The same for sockets of several views, such as pods. Each rule has series in each view in which it counts a socket.
 */
void tally_init_views(struct tally *t, const struct rules *rules, uint32_t max_discovered, struct arena *a);

/* Count one poll: begin, tally_sock (a sock_fn on the tally) per row, end. tally_discard
 * removes what a failed reading of one protocol added. */
void tally_begin(struct tally *t, uint64_t now_ms);
void tally_sock(void *tally, const struct sock *s, uint64_t n);
void tally_discard(struct tally *t, enum protocol protocol);
void tally_end(struct tally *t);

/* Goes on with the sockets of this view. */
void tally_enter_view(struct tally *t, uint64_t view);

/* Ends the poll's reading of TCP: its accept queues, and sockets that have left CLOSE_WAIT. Called if TCP was read.
 * peaks: the samples since the last push worked; all: every socket was emitted by itself. */
void tally_end_tcp(struct tally *t, bool peaks, bool all);

/* Ends its reading of UDP. Called if UDP was read. drops: each socket had SOCK_DROPS. */
void tally_end_udp(struct tally *t, bool drops);

/* Returns the sockets of this poll for which there was no room to be followed: what was lost, since when they are in
 * CLOSE_WAIT, their route. */
uint64_t tally_untracked(const struct tally *t);

/* Sample the accept queues between two polls: begin, and tally_sample (a sock_fn on the tally) per listener. A listener
 * whose series is not there yet is left out. */
void tally_begin_sample(struct tally *t);
void tally_sample(void *tally, const struct sock *s, uint64_t n);

/* Ends discovered series that have pushed zeros long enough. Called after a poll was
 * pushed, but not for one that could not be read. */
void tally_expire(struct tally *t);

/* Returns true for a series of RULE_REMOTE. */
bool series_is_remote(const struct tally *t, const struct series *s);

/* Return the number of port series to push, one of them (0 <= i < count), and its tag addr_port, or remote, which may
 * be in text. */
uint32_t tally_count(const struct tally *t);
struct series *tally_series(struct tally *t, uint32_t i);
const char *series_addr_port(const struct tally *t, const struct series *s, char text[ADDR_PORT_MAX]);

#endif
