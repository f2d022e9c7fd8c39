/* A fleet in virtual time: many instances of the program's own delivery code against a model of an aggregator.
 *
 *     main.c        the results, which are printed and compared with bounds
 *     scenarios.c   what happens to the aggregator, and the bounds
 *     nodes.c       instances: each runs delivery_run on a stack of its own, and polls
 *     events.c      virtual time: events in their order
 *     network.c     the platform's functions of sockets, for the instance that runs
 *     system.c      those of time and memory
 *     aggregator.c  who may connect, what is answered, and what was stored
 *
 * One thread runs all of it. An instance runs until it waits for something, which takes no time. So a run of one seed
 * is always the same. Nothing in src/output is replaced. */
#ifndef FLEET_H
#define FLEET_H

#include <setjmp.h>
#include <ucontext.h>

#include "output/output.h"

#define MS     ((uint64_t)1000000)
#define SECOND (1000 * MS)

#define BEGIN       (100000 * SECOND) /* of a scenario */
#define LATENCY     (2 * MS)          /* one way, between any machine and the aggregator */
#define INTERVAL    (10 * SECOND)     /* of polls */
#define LINES       20                /* of a snapshot */
#define LINE_BYTES  100               /* the newline included */
#define POLLS_MAX   64                /* of an instance, in one scenario */
#define SECONDS_MAX 640               /* of a scenario */
#define BUFFER      262144            /* SOCKPUSH_BUFFER's default, in bytes */
#define REPLAY      (30 * SECOND)     /* SOCKPUSH_REPLAY's default */

/* --- the aggregator ------------------------------------------------------------------- */

enum place_state {
    PLACE_ANSWERS,
    PLACE_REFUSES, /* the machine is up, and nobody listens */
    PLACE_SILENT,  /* nothing answers at all */
};

/* One address at which the aggregator can be. */
struct place {
    enum place_state state;
    unsigned accepts; /* connections a second; what exceeds it gets no answer. 0: no limit */
    unsigned second, accepted;
};

/* The answers to requests. */
struct answers {
    int status;             /* 200, or what is answered without storing anything */
    unsigned retry_after_s; /* 0: absent */
    uint64_t until_ns;      /* Retry-After is a date, this time; 0: it is retry_after_s */
    uint64_t delay_ns;      /* until an answer, after what was sent is stored */
    unsigned takes;         /* requests a second; what exceeds it is answered 429. 0: no limit */
    unsigned rejects;       /* lines of each request that are not stored, as its answer reports */
};

/* What was counted in each second. */
struct rate {
    uint32_t connects, requests, lines;
};

struct aggregator {
    struct place place[2];
    unsigned named[2]; /* the places where the names "a" and "b" lead */
    struct answers answers;
    unsigned second, taken; /* requests in this second */
    uint64_t back_ns;       /* when it works again; 0: it was not away */
    struct rate rate[SECONDS_MAX];
    uint64_t late_ns; /* the longest that a line waited after back_ns */
};

extern struct aggregator aggregator;

/* Lines of one snapshot on their way. */
struct piece {
    uint16_t poll;
    uint32_t mask; /* a bit of each line */
};

/* Returns the state that a SYN finds at this place; PLACE_SILENT where there are too many. */
enum place_state aggregator_connect(unsigned place);

/* Stores lines of an instance. */
void aggregator_store(unsigned node, const struct piece *piece, unsigned n);

/* Decides on a request. Writes the answer's text. Returns true if its lines are to be stored. */
bool aggregator_answer(char *out, size_t cap);

/* --- instances ------------------------------------------------------------------------- */

#define FLIGHTS 40 /* writes that are under way */
#define PIECES  36 /* of a request */

struct flight {
    uint64_t end;       /* the connection's position after it */
    uint64_t sent_ns;   /* when it was sent */
    uint64_t arrive_ns; /* when it arrives */
    struct piece piece;
    bool arrived;
};

struct sock_model {
    bool open, stream, dead; /* dead: the aggregator's side is gone */
    unsigned place;
    uint32_t generation; /* of this descriptor */
    uint64_t written;
    struct flight flight[FLIGHTS];
    unsigned first, flights;
    uint64_t acked;
    uint64_t end_ns; /* when the instance notices that it ended; 0: it has not */
    int error;       /* then: 0 for an end in order, or -errno */
    size_t body_left;
    struct piece piece[PIECES]; /* of the request that is being sent */
    unsigned pieces;
    char in[256]; /* an answer, which can be read from in_ns on */
    size_t in_len, in_at;
    uint64_t in_ns;
};

#define SOCKS 4 /* of an instance; its descriptors are SOCKS * node and those after it */

struct node {
    struct output *output;
    struct arena arena; /* system_free frees it */
    ucontext_t context; /* where it begins */
    jmp_buf at;         /* where it goes on once it began */
    bool began;
    char *stack;
    uint64_t start_ns; /* of its deadlines */
    uint64_t limit_ns; /* when its present wait ends */
    bool waits, signalled;
    unsigned polls;
    uint64_t polled_ns[POLLS_MAX];
    uint32_t stored[POLLS_MAX]; /* a bit of each line */
    struct sock_model sock[SOCKS];
};

extern struct node *nodes;
extern unsigned n_nodes;

/* The most instances that polled within 100 ms, all scenarios together. */
extern unsigned most_polls;

/* Starts n instances, all at this moment, with so many bytes of SOCKPUSH_BUFFER. Each polls at once, then at its own
 * deadlines. */
void nodes_start(unsigned n, const struct endpoint *endpoint, size_t buffer);
void nodes_end(void);

/* Lets the instance go on until it waits. */
void node_run(unsigned node);

/* Makes the running instance wait until limit_ns, or until node_run is called. */
void node_wait(uint64_t limit_ns);

/* Polls, and plans the next poll. */
void node_poll(unsigned node);

/* Returns the instance that runs. */
unsigned node_current(void);

/* --- time and memory ------------------------------------------------------------------------------ */

enum event_type {
    EVENT_SECOND, /* the scenario's next second */
    EVENT_POLL,
    EVENT_LIMIT,  /* a wait ends by its limit */
    EVENT_READY,  /* a socket may have something to read */
    EVENT_ARRIVE, /* the oldest flight arrives */
};

struct event {
    uint64_t at_ns, order;
    enum event_type type;
    unsigned node;
    uint32_t generation;
    uint8_t sock;
};

extern uint64_t clock_ns;

void events_reset(uint64_t seed);
void event_add(uint64_t at_ns, enum event_type type, unsigned node, unsigned sock);

/* Frees all that platform_memory_alloc returned. */
void system_free(void);

/* Runs all events of the first length_s seconds. second is called at the begin of each. */
void events_run(unsigned length_s, void (*second)(unsigned second));

/* --- the network ----------------------------------------------------------------------- */

/* Handles an arrival at the aggregator. */
void network_arrive(unsigned node, unsigned sock);

/* Ends all connections to a place, by the aggregator's end: 0 for a FIN, or -errno; silently: nobody learns of it. */
void network_cut(unsigned place, int error, bool silently);

/* Lets the instances learn that their connections to a place are gone, as they send again what is not acknowledged. */
void network_reset(unsigned place);

/* Lines that all instances together sent. */
extern uint64_t lines_sent;

#endif
