/* One poll as lines: totals, port series, sockpush's own, in this order. Pure. */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "count/reader.h"
#include "count/tally.h"
#include "encode/counters.h"
#include "encode/encode.h"

/* The tags of one kind of series, sorted; slots for what differs from series to series. */
struct tagset {
    struct tags tags;
    struct tag *ip_version, *addr_port, *backend, *output; /* in tags, or NULL */
};

/* What stays the same from poll to poll. */
struct series_tags {
    struct tagset netstat, self, self_output;
    struct tagset *group; /* by the rules' group */
    struct tagset other;  /* of "other", which stands for several groups */
};

/* users: the tags of every series, highest precedence first (n lists). */
void series_tags_init(struct series_tags *st, const struct tags *users, size_t n, const struct rules *rules,
                      struct arena *a);

/* sockpush's own counters, in total. */
struct self_counters {
    uint64_t poll_us;
    uint64_t partial_polls, poll_errors;
};

struct output_counters {
    const char *name;
    struct output_stats total;
};

struct snapshot {
    const char *prefix, *sections;
    struct series_tags *tags, *agent_tags; /* the latter for formats for an agent */
    struct tally *tally;
    const struct reading *reading;
    int64_t time_ms;
    bool pids;
    bool push_self; /* with sockpush's own series */
    struct self_counters self;
    struct output_counters output[OUTPUTS_MAX];
    int n_outputs;
    struct added added; /* since the receiver was told the last time */
};

/* Encodes all of it into sink. */
void snapshot_encode(const struct snapshot *s, const struct encoder *format, struct sink *sink);

/* Bytes of the largest snapshot there can be in this format. *oversized: the lines that
 * could be too long for line_max, of one series of each rule. */
uint64_t snapshot_max(const struct snapshot *s, const struct encoder *format, size_t line_max, uint64_t *oversized);

#endif
