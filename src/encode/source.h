/* The sources of a snapshot: what it has points of. A new one is a file with one struct source, and a row in
 * snapshot.c. Pure. */
#ifndef SOURCE_H
#define SOURCE_H

#include "encode/snapshot.h"

struct source {
    /* Writes all records into the sink. It is flushed on the way, but not at the end. */
    void (*put)(const struct snapshot *s, const struct encoder *format, struct sink *sink);
    /* Measures the largest records there can be, for which the snapshot's numbers and names are the largest. They are
     * put into the sink, which has no end of room, as far as that is the way to measure them. Returns the bytes that
     * come on top. */
    uint64_t (*measure)(const struct snapshot *s, const struct encoder *format, struct sink *sink);
    bool of_pods; /* it has nothing without pods, and then no page of its code is to be mapped */
};

extern const struct source source_counts; /* of sockets: totals, and ports */
extern const struct source source_kernel; /* the kernel's own counters */
extern const struct source source_drops;  /* what UDP sockets lost, in formats with increments */
extern const struct source source_pods;   /* the network namespaces of other processes */
extern const struct source source_pod_ports;
extern const struct source source_application;
extern const struct source source_self; /* sockpush, its outputs, and its listeners */

/* The values of one point. */
struct values {
    struct value list[VALUES_MAX];
    size_t n;
};

/* Returns the tags for a format. */
struct series_tags *tags_for(const struct snapshot *s, const struct encoder *format);

/* Adds a value, unless its source could not be read. increment: its index in struct added, or ADDED_NONE. */
void values_add(struct values *v, const struct snapshot *s, unsigned field, uint64_t now, unsigned increment);

/* Puts the values as a point, if there are any, and flushes a full sink. measurement: index in measurements[]. */
void values_put(const struct values *v, const struct snapshot *s, const struct encoder *format, struct sink *sink,
                unsigned measurement, const struct tagset *set);

/* Puts values of a series of local or remote ports. addr_port is its tag addr_port, or remote. */
void values_put_series(const struct values *v, const struct snapshot *s, const struct encoder *format,
                       struct sink *sink, const struct series *series, const char *addr_port);

/* Adds the counts of a series of local or remote ports, and what its queues have. */
void values_add_series(struct values *v, const struct snapshot *s, const struct encoder *format,
                       const struct series *series);

/* Makes a series of the rule, or of "other" for RULE_NONE, with the largest numbers. */
void series_largest(struct series *series, int rule);

/* Returns the longest addr_port of a series, whose addresses and ports are not known if sockets make it. */
const char *series_longest(const struct snapshot *s, const struct series *series);

#endif
