/* The running program: its parts wired together, and one poll through all of them. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "config/config.h"
#include "count/owners.h"
#include "count/reader.h"
#include "count/tally.h"
#include "encode/snapshot.h"

struct program {
    struct config config;
    struct tally tally;
    struct owners owners;
    struct reader reader;
    struct recording recording;
    struct reading reading; /* of the last poll */
    struct series_tags tags, agent_tags;
    const char *sections; /* of points for an agent */
    struct self_counters self;
    struct added added; /* by the last poll */
    struct output output[OUTPUTS_MAX];
    size_t snapshot_max[OUTPUTS_MAX]; /* bytes, by output */
    int n_outputs;                    /* started */
    struct buf lines;                 /* one snapshot, while it is handed out */
    uint64_t polls;
    bool logged_overflow, logged_clock;
};

/* Lays out everything that config asks for; starts nothing. Memory is the config's. 0, or
 * the exit status after saying why: a recording cannot be opened, there are too many series. */
int program_init(struct program *p);

/* What is read, in words. Returns out. */
const char *program_view(const struct program *p, char *out, size_t cap);

/* Reads the tables and counts. time_ms: the wall clock just before; < 0 if not to be trusted. */
void program_read(struct program *p, int64_t *time_ms);

/* Encodes what was counted, once per distinct format and line length, for each output. */
void program_push(struct program *p, int64_t time_ms);

/* Starts the outputs' threads. 0 or -errno. */
int program_start(struct program *p);

/* Flushes for up to 5 s, or until asked to stop again; the lines that were not sent. */
uint64_t program_finish(struct program *p);

/* The snapshot as of now, to be encoded or measured. */
void program_snapshot(struct program *p, int64_t time_ms, struct snapshot *out);

/* Polls to absolute deadlines until told to end; the exit status. */
int program_run(struct program *p);

/* --check: prints the configuration, tries outputs and one poll; the exit status. */
int program_check(struct program *p);

#endif
