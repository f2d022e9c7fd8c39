/* The running program: its parts, and one poll through all of them. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "config/config.h"
#include "count/owners.h"
#include "count/reader.h"
#include "count/tally.h"
#include "encode/relayed.h"
#include "encode/snapshot.h"
#include "input/listener.h"
#include "platform.h"

struct program {
    struct config config;
    struct tally tally;
    struct owners owners;
    struct reader reader;
    struct recording recording;
    struct reading reading; /* result of the last poll */
    struct kernel kernel;
    struct series_tags tags, agent_tags;
    const char *sections; /* sections of points for an agent */
    struct self_counters self;
    struct added added;                                      /* increments of the last poll, then of a snapshot */
    uint32_t *generation;                                    /* of these; NULL without pods */
    uint64_t *with_pending;                                  /* the same, with what an output has to send again */
    uint64_t listen_reported[LISTEN_MAX][LISTEN_INCREMENTS]; /* at the last snapshot, for increments */
    struct kernel_reading kernel_reported;                   /* the same of the kernel's counters */
    uint64_t drops_reported[DROPS_TOTALS];                   /* and of what UDP sockets lost */
    size_t snapshot_max[OUTPUTS_MAX];                        /* bytes, by output */
    int n_outputs;                                           /* outputs that are started */
    void *format_state;                                      /* of sinks, or NULL */
    int64_t start_ms;     /* wall clock at the first poll whose clock was set; -1: none was */
    struct buf lines;     /* a piece of the snapshot that is being encoded */
    const char *counting; /* the last poll's reading.report.counting */
    uint64_t polls;
    uint64_t read_ns;              /* when the last one began, by the clock of platform_monotonic_ns */
    int notify_fd;                 /* leads to the service manager; 0: none does */
    bool notified;                 /* a report has arrived there */
    unsigned pushes;               /* of metrics alone, after the last poll */
    bool sampled, sample_failed;   /* since the last push, a sample of the accept queues worked, or one failed */
    uint64_t sampled_cpu_ns;       /* CPU time of the main thread after the last sample, or before the wait for one */
    uint64_t sample_not_before_ns; /* the last one's cost puts the next off until then */
    bool logged_overflow, logged_clock, logged_left_out, logged_routes, logged_drops, logged_kernel, logged_pods,
        logged_pod_ports, logged_pod_logs;
    /* Large, and mostly untouched: they are last, so that the rest shares pages. */
    struct output output[OUTPUTS_MAX];
    struct listener listener;
    struct pods pods;
    bool aggregates;                        /* an output pushes the application's metrics */
    bool needs_time;                        /* each of these outputs drops what has no time */
    bool waits_for_time;                    /* so the last interval goes on */
    struct metrics metrics;                 /* these; not there without such an output */
    struct claims claims;                   /* of their series */
    struct packer packer[OUTPUTS_MAX];      /* of outputs that pass lines on */
    uint64_t packer_oversized[OUTPUTS_MAX]; /* their lines that were counted */
    struct packer_tags packer_tags[2];      /* the second for an agent */
    struct buf tag_texts;                   /* of packer_tags */
};

/* Prepares everything that config requires, and opens the recording. Memory is allocated
 * from the config's arena. Returns 0, or the exit status after logging an error. */
int program_init(struct program *p);

/* Measures the largest snapshot of each output. Returns false, after logging an error, if one is too large. */
bool program_measure(struct program *p);

/* Describes what is read, for the log. Returns out. */
const char *program_view(const struct program *p, char *out, size_t cap);

/* Reads the tables and counts. *time_ms is the wall clock just before, or -1 if it is not set. */
void program_read(struct program *p, int64_t *time_ms);

/* With SOCKPUSH_PODS: prepares the pods, before p->added has room for their increments. */
void program_init_pods(struct program *p);

/* With SOCKPUSH_PODS: reads the pods in a poll that began at start_ns. */
void program_read_pods(struct program *p, uint64_t start_ns, int64_t time_ms);

#define PODS_TEXT_MAX 512

/* Describes the pods of the last poll, for the log, or why none could be looked for. Returns out. */
const char *program_pods(const struct program *p, char out[PODS_TEXT_MAX]);

/* Returns true if the accept queues are to be sampled between two polls. */
bool program_samples(const struct program *p);

/* Begins to wait for samples: what the main thread did before is no part of their cost. */
void program_begin_samples(struct program *p);

/* Returns when the next sample is due, by the clock of platform_monotonic_ns: at a multiple of SOCKPUSH_PEAK after
 * start_ns, or later if the last one took too much CPU time. */
uint64_t program_next_sample(const struct program *p, uint64_t start_ns);

/* Samples the accept queues. */
void program_sample(struct program *p);

/* Ends a poll's readings of TCP and UDP, as far as they worked, after tally_end. */
void program_end_readings(struct program *p);

/* Returns the wall clock, or -1 if it was not set, such as on a board that starts in 1970. */
int64_t program_wall_clock(struct program *p);

/* Encodes the counts, once per distinct format, unit and line length, and passes the lines to the outputs. */
void program_push(struct program *p, int64_t time_ms);

/* Returns the unit of the outputs' times, the longest of them, in milliseconds: at least 1. */
int64_t program_unit_ms(const struct program *p);

/* Takes what applications have sent, and pushes it. */
void program_stop_listening(struct program *p);

/* Gives up what is not needed from here on, unless SOCKPUSH_SANDBOX=off. Writes what is in force, or "". Returns false
 * if not all is, with SOCKPUSH_SANDBOX=strict. */
bool program_sandbox(struct program *p, char text[PLATFORM_SANDBOX_MAX]);

/* Starts the outputs' threads. Returns 0 or -errno. */
int program_start(struct program *p);

/* Flushes for up to FLUSH_MS, or until a second signal. Returns the number of lines that were not sent. */
uint64_t program_finish(struct program *p);

/* Makes the snapshot of the last poll, to be encoded or measured. */
void program_snapshot(struct program *p, int64_t time_ms, struct snapshot *out);

/* Enters the sandbox, and reads for the first time. Returns 0, or the exit status after logging why. */
int program_begin(struct program *p, int64_t *time_ms);

/* Waits for a deadline, and samples accept queues until then, if there is reason to: at multiples of SOCKPUSH_PEAK
 * after start_ns. Returns what ended the wait. */
enum platform_event program_wait(struct program *p, uint64_t start_ns, uint64_t deadline_ns);

/* Returns false once as many polls were made as SOCKPUSH_POLLS says. */
bool program_polls_left(const struct program *p);

/* Polls at once, then at absolute deadlines, which differ by machine, until a signal. Returns the exit status. */
int program_run(struct program *p);

/* Prints the configuration, tries the outputs and one poll (--check). Returns the exit status. */
int program_check(struct program *p);

/* Shows each poll to a person (--top), and pushes nothing. Returns the exit status. */
int program_top(struct program *p);

/* Returns the environment with what --top sets. Texts belong to env, the list to a. */
env_list top_environment(env_list env, struct arena *a);

#endif
