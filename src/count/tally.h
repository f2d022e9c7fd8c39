/* Counts sockets: rules → series × state. Memory is taken once, for the largest number
 * of series; a poll allocates nothing. Times are given by the caller. */
#ifndef TALLY_H
#define TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "count/rules.h"
#include "count/sock.h"

#define FIELD_UDP    STATE_COUNT /* the fields: one per TCP state, then UDP */
#define FIELD_COUNT  (STATE_COUNT + 1)
#define OWNER_INODES 8

/* Sockets by which a series' owner can be found: the lowest inodes of its listeners,
 * else of any of its sockets, ascending; where the rows name their owners (SOCK_PID), pids. */
struct owner_hint {
    uint32_t inode[OWNER_INODES];
    uint8_t n;
    bool listening;
    bool pids;
};

/* What is known of a series' owner; owners.c keeps it. */
struct owner {
    int pid; /* 0: not known */
    int fd;  /* of that process, holds the inode */
    uint32_t inode;
    bool listening;
    bool lost;       /* was known until this poll */
    uint8_t misses;  /* look-ups without an answer, in a row */
    uint32_t sought; /* the inode of the last miss */
    uint64_t retry_ms;
};

struct series {
    uint64_t count[FIELD_COUNT];
    uint8_t ip_version;
    uint8_t address[16];           /* RULE_MATCH: the local address */
    uint16_t port;                 /* discovered: the local port */
    int rule;                      /* RULE_NONE: "other", past SOCKPUSH_MAX_SERIES */
    char addr_port[ADDR_PORT_MAX]; /* discovered; a rule's text stands in the rule */
    struct owner_hint hint;
    struct owner owner;

    /* Discovered series end when their sockets have been gone long enough. */
    bool discovered;
    bool live;           /* is pushed */
    uint64_t seen_ms;    /* last poll with a socket */
    unsigned zero_polls; /* zeros pushed since */
    uint32_t next;       /* chain of the hash, or of the free slots: 1 + index, 0 end */
};

struct tally {
    const struct rules *rules;
    struct series total[2];                        /* IPv4, IPv6 */
    struct series *series;                         /* explicit ones first: rule order, 4 before 6 */
    struct series **order;                         /* the live ones, in the order they are pushed */
    uint32_t *explicit_of;                         /* by rule: 1 + its first series, 0 for rules that discover */
    uint32_t n_order, n_explicit, n_slots, n_room; /* n_room: the most slots there can be */
    uint32_t discovered, max_discovered;
    uint32_t *bucket, bucket_mask, free_slot;
    bool reorder, overflowed; /* overflowed: ever counted in "other" */
    uint64_t now_ms, step_ms; /* this poll's time, and since the one before */
    uint8_t listening[8192];  /* a bit per TCP port, this poll */
    uint8_t listened[8192];   /* the poll before; taken again after a failed reading */
};

/* rules must outlive t; memory is the arena's. */
void tally_init(struct tally *t, const struct rules *rules, uint32_t max_discovered, struct arena *a);

/* A poll: begin, rows by tally_sock (a sock_fn on the tally), end. What a failed reading
 * of one protocol brought is taken back by tally_discard. */
void tally_begin(struct tally *t, uint64_t now_ms);
void tally_sock(void *tally, const struct sock *s, uint64_t n);
void tally_discard(struct tally *t, enum protocol protocol);
void tally_end(struct tally *t);

/* After the poll was pushed: counts the zeros that went out, and ends the discovered
 * series whose time is over. Not called for a poll that could not be read. */
void tally_expire(struct tally *t);

/* Port series to push: 0 <= i < tally_count. */
uint32_t tally_count(const struct tally *t);
struct series *tally_series(struct tally *t, uint32_t i);
const char *series_addr_port(const struct tally *t, const struct series *s);

#endif
