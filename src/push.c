/* Hands the counts out: a snapshot is encoded, and goes to the outputs. */
#include <string.h>

#include "relay.h"

/* Sets the increments of the pods' series. */
static void add_pods(struct program *p)
{
    for (uint32_t i = 0; i < p->pods.n_series; i++) {
        const struct pod_series *s = &p->pods.series[i];

        for (unsigned k = 0; k < POD_INCREASES; k++) {
            p->added.n[ADDED_PODS(i) + k] = s->total[k] - s->reported[k];
            p->generation[ADDED_PODS(i) + k] = s->generation;
        }
    }
}

void program_snapshot(struct program *p, int64_t time_ms, struct snapshot *out)
{
    bool queues = p->config.v.queues != QUEUES_OFF;

    *out = (struct snapshot){
        .prefix = p->config.v.prefix,
        .sections = p->sections,
        .tags = &p->tags,
        .agent_tags = &p->agent_tags,
        .tally = &p->tally,
        .reading = &p->reading,
        .time_ms = time_ms,
        .start_ms = p->start_ms,
        .state = p->format_state,
        .pids = p->config.v.pid,
        .queues = queues,
        .queue_totals = queues && p->tally.all_tcp,
        .drops = queues && p->tally.drops.known,
        .push_self = p->config.v.self,
        .semconv = p->config.v.otlp_names,
        .self = p->self,
        .kernel = p->config.v.kernel && !p->config.off ? &p->kernel.now : NULL,
        .pods = p->config.v.pods ? &p->pods : NULL,
        .n_outputs = p->config.n_outputs,
        .added = p->added,
    };
    for (unsigned i = 0; i < KERNEL_INCREASES; i++)
        out->added.n[ADDED_KERNEL + i] = p->kernel.now.n[KERNEL_GAUGES + i] - p->kernel_reported.n[KERNEL_GAUGES + i];
    for (unsigned i = 0; i < DROPS_TOTALS; i++)
        out->added.n[ADDED_DROPS + i] = p->tally.drops.total[i] - p->drops_reported[i];
    add_pods(p);
    for (int i = 0; i < p->config.n_outputs; i++)
        out->output[i].name = p->config.output[i].name;
    if (p->config.n_listen)
        relay_counters(p, out);
    for (int i = 0; i < p->n_outputs; i++) {
        struct output *o = &p->output[i];

        out->output[i].total = output_read_stats(o);
        for (int k = 0; k < OUTPUT_COUNTERS; k++)
            out->added.n[ADDED_OUTPUTS + i * OUTPUT_COUNTERS + k] = out->output[i].total.n[k] - o->reported.n[k];
    }
}

/* Remembers the counters in this snapshot, from which the next one's increments are counted. */
static void note_reported(struct program *p, const struct snapshot *s)
{
    p->kernel_reported = p->kernel.now;
    for (uint32_t i = 0; i < p->pods.n_series; i++)
        memcpy(p->pods.series[i].reported, p->pods.series[i].total, sizeof p->pods.series->reported);
    memcpy(p->drops_reported, p->tally.drops.total, sizeof p->drops_reported);
    for (int i = 0; i < p->n_outputs; i++)
        p->output[i].reported = s->output[i].total;
    for (int i = 0; i < s->n_listen; i++)
        memcpy(p->listen_reported[i], s->listen[i].n, sizeof p->listen_reported[i]);
}

/* A snapshot that is encoded for some outputs. */
struct push {
    struct sink sink;
    struct output *output[OUTPUTS_MAX];
    int n_outputs;
};

/* A sink's flush: passes its lines to the outputs. */
static void pass_lines(struct sink *sink)
{
    const struct push *push = (const struct push *)sink;
    const struct lines lines = {.text = sink->out->data,
                                .len = sink->out->len,
                                .n = sink->lines,
                                .gauges = sink->n_increments ? sink->gauges : sink->out->len,
                                .increment = sink->increment,
                                .part = sink->part};

    for (int i = 0; i < push->n_outputs; i++)
        output_add(push->output[i], &lines);
    buf_cut(sink->out, 0);
    sink->lines = sink->n_increments = 0;
}

/* Encodes for output i, and passes the lines to later outputs that need the same ones, unless alone. line_max is by
 * output, and 0 for those that have their lines. */
static void push_format(struct program *p, const struct snapshot *s, int i, bool alone, size_t *line_max)
{
    struct output *first = &p->output[i];
    struct increment increment[INCREMENTS_MAX];
    struct push push = {.sink = {.out = &p->lines,
                                 .flush = pass_lines,
                                 .line_max = line_max[i],
                                 .unit = first->endpoint->unit,
                                 .state = p->format_state,
                                 .claims = &p->claims,
                                 .increment = increment}};

    for (; i < p->n_outputs; i++) {
        struct output *o = &p->output[i];

        if (o->endpoint->format != first->endpoint->format || o->endpoint->unit != first->endpoint->unit ||
            line_max[i] != push.sink.line_max)
            continue;
        output_begin(o, p->polls + p->pushes, s->time_ms >= 0, s->only_metrics);
        push.output[push.n_outputs++] = o;
        line_max[i] = 0;
        if (alone)
            break;
    }
    snapshot_encode(s, first->endpoint->format, &push.sink);
    pass_lines(&push.sink);
    for (i = 0; i < push.n_outputs; i++)
        output_end(push.output[i], push.sink.oversized);
}

/* Encodes for output i alone if increments are pending, which did not reach its receiver; adds them. */
static void push_pending(struct program *p, struct snapshot *s, int i, size_t *line_max)
{
    const struct added added = s->added;

    memcpy(p->with_pending, added.n, added.count * sizeof *added.n);
    s->added.n = p->with_pending;
    if (output_take_pending(&p->output[i], &s->added))
        push_format(p, s, i, true, line_max);
    s->added = added;
}

static void push(struct program *p, int64_t time_ms, bool only_metrics)
{
    size_t line_max[OUTPUTS_MAX] = {0};
    struct snapshot s;

    if (p->config.n_listen)
        relay_flush(p, time_ms, only_metrics);
    program_snapshot(p, time_ms, &s);
    s.only_metrics = only_metrics;
    note_reported(p, &s);
    for (int i = 0; i < p->n_outputs; i++)
        line_max[i] = output_line_max(&p->output[i]);
    for (int i = 0; i < p->n_outputs; i++)
        push_pending(p, &s, i, line_max);
    for (int i = 0; i < p->n_outputs; i++)
        if (line_max[i])
            push_format(p, &s, i, false, line_max);
    if (p->claims.left_out)
        relay_log_left_out(p);
    if (p->reading.read[PROTOCOL_TCP] && p->reading.read[PROTOCOL_UDP])
        tally_expire(&p->tally);
    if (p->config.v.pods && !only_metrics)
        pods_expire(&p->pods);
}

void program_push(struct program *p, int64_t time_ms)
{
    push(p, time_ms, false);
}

int64_t program_unit_ms(const struct program *p)
{
    int64_t longest_ms = 1;

    for (int i = 0; i < p->config.n_outputs; i++) {
        int64_t unit_ms = endpoint_unit_ms(&p->config.output[i]);

        longest_ms = unit_ms > longest_ms ? unit_ms : longest_ms;
    }
    return longest_ms;
}

void program_stop_listening(struct program *p)
{
    int64_t time_ms, after_ms;

    if (!p->config.n_listen || !relay_close(p))
        return;
    p->pushes++;
    time_ms = program_wall_clock(p);
    after_ms = p->metrics.flush_ms + program_unit_ms(p);
    if (time_ms >= 0 && time_ms < after_ms)
        time_ms = after_ms; /* a series has one value at a time */
    push(p, time_ms, true);
}
