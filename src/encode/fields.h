/* The measurements that are pushed, and their fields: a row each. */
#ifndef FIELDS_H
#define FIELDS_H

#include "count/tally.h"
#include "encode/counters.h"

enum field_kind {
    GAUGE,    /* as it is now */
    INCREASE, /* a running total; what came since the last push, in formats of increments */
};

/* Protocols: a field is pushed after one of those was read from which it comes. */
#define FROM_TCP (1u << PROTOCOL_TCP)
#define FROM_UDP (1u << PROTOCOL_UDP)

struct field {
    char name[16];
    char heading[9]; /* its column's, for a person; "" has no column */
    uint8_t from;    /* FROM_ bits; 0: from sockpush itself */
    uint8_t kind;    /* enum field_kind */
};

/* Indexes of fields[]: the counts of struct series come first, then these. */
enum {
    FIELD_PID = FIELD_COUNT,
    FIELD_COLUMNS, /* those before are */
    FIELD_POLL_US = FIELD_COLUMNS,
    FIELD_SOCKETS,
    FIELD_PARTIAL_POLLS,
    FIELD_POLL_ERRORS,
    FIELD_OUTPUT, /* one for each of enum output_counter */
    FIELDS = FIELD_OUTPUT + OUTPUT_COUNTERS
};

extern const struct field fields[FIELDS];

struct measurement {
    char name[16];
    const char *tag[2]; /* keys of its built-in tags, sorted; NULL: none, or no second */
    bool folded;        /* they tell its series apart: where a format has no tags, they are in the name */
};

enum { NETSTAT, NETSTAT_PORT, SOCKPUSH, SOCKPUSH_OUTPUT, MEASUREMENTS };

extern const struct measurement measurements[MEASUREMENTS];

#endif
