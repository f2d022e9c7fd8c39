/* One poll as records: what each source has, in the order of snapshot.c. Pure. */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "count/reader.h"
#include "count/tally.h"
#include "input/counters.h"
#include "encode/encode.h"

/* The sorted tags of one measurement or group. Pointers lead to those whose values change with each point. */
struct tagset {
    struct tags tags;
    struct tag *tag[MEASUREMENT_TAGS]; /* in tags, in the order of measurements[] */
    struct tag *ip_version;            /* in tags, or NULL */
    struct tag *known;                 /* of pods: room for the tags that a series has; else NULL */
};

/* The tags of all series, merged once. */
struct series_tags {
    struct tagset netstat, self, self_output, self_listen;
    struct tags users; /* of the application's metrics */
    struct tagset pod, pod_other;
    struct tagset *pod_group, *pod_group_remote; /* the same with ports, by the rules' group; NULL without them */
    struct tagset *group;                        /* by the rules' group */
    struct tagset *group_remote;                 /* the same for NETSTAT_REMOTE; NULL without such rules */
    struct tagset other;                         /* for "other", which counts sockets of all groups */
};

/* Merges the tags of all series. users are n lists, highest precedence first, of tags for every series. Allocates from
 * a. */
void series_tags_init(struct series_tags *st, const struct tags *users, size_t n, const struct rules *rules,
                      struct arena *a);

/* Merges those of pods' ports, too. */
void series_tags_init_pods(struct series_tags *st, const struct tags *users, size_t n, const struct rules *rules,
                           struct arena *a);

struct self_counters {
    uint64_t poll_us;                                  /* duration of the last poll */
    uint64_t partial_polls, poll_errors, count_errors; /* totals */
};

struct output_counters {
    const char *name;
    struct output_stats total;
};

struct snapshot {
    const char *prefix, *sections;
    struct series_tags *tags, *agent_tags; /* agent_tags: in formats for an agent */
    struct tally *tally;
    const struct reading *reading;
    int64_t time_ms, start_ms; /* as in struct point */
    void *state;               /* for sinks */
    bool pids;                 /* push the field pid */
    bool queues;               /* push bytes that wait */
    bool queue_totals;         /* also those of all TCP sockets */
    bool drops;                /* push lost datagrams */
    bool push_self;            /* push the series of sockpush itself */
    bool semconv;              /* otlp also pushes the totals in the names of semconv.h */
    struct self_counters self;
    struct output_counters output[OUTPUTS_MAX];
    int n_outputs;
    struct listen_counters listen[LISTEN_MAX];
    int n_listen;
    const struct kernel_reading *kernel; /* with the increases' totals; NULL: not pushed */
    const struct pods *pods;             /* or NULL */
    const struct metrics *metrics;       /* the application's, or NULL */
    bool only_metrics;                   /* these, and sockpush_listen */
    struct added added;                  /* the increase since the last push to the receiver */
};

/* Writes all lines into the sink. It is flushed on the way, but not at the end. */
void snapshot_encode(const struct snapshot *s, const struct encoder *format, struct sink *sink);

/* Returns the bytes of the largest possible snapshot in this format. *oversized counts the
 * lines that could exceed line_max, among one series of each rule. */
uint64_t snapshot_max(const struct snapshot *s, const struct encoder *format, size_t line_max, uint64_t *oversized);

#endif
