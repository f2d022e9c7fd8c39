/* Measurements and their fields, as they are pushed. */
#ifndef FIELDS_H
#define FIELDS_H

#include "count/pods.h"
#include "count/tally.h"
#include "input/counters.h"

enum field_kind {
    GAUGE,    /* the current value */
    INCREASE, /* a running total; formats with increments push the increase since the last push */
};

/* The protocols that a field comes from; it is pushed if one of them was read. */
#define FROM_TCP (1u << PROTOCOL_TCP)
#define FROM_UDP (1u << PROTOCOL_UDP)

struct field {
    char name[24];
    char heading[9]; /* of its column in the table; "" has no column */
    uint8_t from;    /* FROM_ bits; 0: it comes from sockpush itself, or is pushed in every poll */
    uint8_t kind;    /* enum field_kind */
};

/* Indexes of fields[], after the counts of struct series. */
enum {
    FIELD_ACCEPT_QUEUE = FIELD_COUNT, /* one for each of enum queue_value */
    FIELD_ACCEPT_QUEUE_FULLEST = FIELD_ACCEPT_QUEUE + QUEUE_VALUES,
    FIELD_EPHEMERAL,
    FIELD_CLOSE_WAIT_OLDEST,
    FIELD_QUEUE_BYTES, /* one for each of enum queue_bytes */
    FIELD_DROPS = FIELD_QUEUE_BYTES + QUEUE_BYTES,
    FIELD_PID,
    FIELD_COLUMNS, /* the fields before it are columns of the table */
    FIELD_POLL_US = FIELD_COLUMNS,
    FIELD_SOCKETS,
    FIELD_UNTRACKED,
    FIELD_QUEUE_TOTALS,
    FIELD_UNTRACKED_PODS,
    FIELD_PARTIAL_POLLS,
    FIELD_POLL_ERRORS,
    FIELD_COUNT_ERRORS,
    FIELD_OUTPUT,                                     /* one for each of enum output_counter */
    FIELD_LISTEN = FIELD_OUTPUT + OUTPUT_COUNTERS,    /* one for each of enum listen_counter */
    FIELD_KERNEL = FIELD_LISTEN + LISTEN_COUNTERS,    /* one for each of enum kernel_counter */
    FIELD_POD_INUSE = FIELD_KERNEL + KERNEL_COUNTERS, /* of a pod and an IP version, up to FIELD_POD_BOTH */
    FIELD_POD_QUEUE,
    FIELD_POD_COUNT,                                /* the counts of struct pod_family */
    FIELD_POD_BOTH = FIELD_POD_COUNT + FIELD_COUNT, /* of a pod */
    FIELD_POD_TIME_WAIT = FIELD_POD_BOTH,
    FIELD_POD_CURRENT,
    FIELD_POD_INCREASE, /* one for each of enum pod_increase */
    FIELDS = FIELD_POD_INCREASE + POD_INCREASES
};

/* The most values of a point. */
#define VALUES_MAX ((int)FIELD_COLUMNS > (int)KERNEL_COUNTERS ? (int)FIELD_COLUMNS : (int)KERNEL_COUNTERS)

extern const struct field fields[FIELDS];

#define MEASUREMENT_TAGS (POD_TAGS + 2)

struct measurement {
    char name[20];
    const char *tag[MEASUREMENT_TAGS + 1]; /* keys of its built-in tags, in the order of a folded name; then NULL */
    bool folded; /* formats that fold tags put these into the name, to keep its series apart */
};

enum {
    NETSTAT,
    NETSTAT_PORT,
    NETSTAT_REMOTE,
    NETSTAT_KERNEL,
    NETSTAT_POD,
    NETSTAT_POD_PORT,
    NETSTAT_POD_REMOTE,
    SOCKPUSH,
    SOCKPUSH_OUTPUT,
    SOCKPUSH_LISTEN,
    MEASUREMENTS
};

extern const struct measurement measurements[MEASUREMENTS];

#endif
