/* Takes datagrams of lines from applications: each line is parsed once, and goes into the metrics, if an output pushes
 * these, and to the packers of the outputs that pass lines on. Pure. */
#ifndef INTAKE_H
#define INTAKE_H

#include "input/metrics.h"
#include "input/packer.h"

#define REFUSAL_SHOWN  64          /* bytes of a refused line that are kept for the log */
#define REFUSED_LENGTH LINE_FAULTS /* instead of enum line_fault: the line is too long for the metrics, or cut */

struct intake_counters {
    uint64_t lines;                      /* good ones */
    uint64_t refused_lines;              /* by the parser, which no one gets, or by the metrics, for their length */
    uint64_t unsupported_lines;          /* of `lines`, those that an output cannot have */
    uint64_t overflow_lines, late_times; /* of the metrics */
};

struct intake {
    struct metrics *metrics; /* or NULL */
    struct packer *packers;  /* the caller's, with which they are sent, too */
    int n_packers;
    /* The first refused line of each kind, for the log: "" before there is one. */
    char refused[LINE_FAULTS + 1][REFUSAL_SHOWN + 1];
};

/* Takes a datagram. cut: its end is missing, so its last line is refused. */
void intake_take(struct intake *in, struct intake_counters *counters, const char *datagram, size_t len, bool cut);

/* Returns whether a packer has lines in hand. */
bool intake_holds_lines(const struct intake *in);

/* Sends what the packers have in hand. */
void intake_flush(struct intake *in);

#endif
