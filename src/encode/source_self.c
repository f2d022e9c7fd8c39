/* sockpush itself: its polls, its outputs, and the addresses where it listens. */
#include "encode/source.h"

static void put_output(const struct snapshot *s, const struct encoder *format, struct sink *sink, unsigned n)
{
    const struct output_counters *o = &s->output[n];
    struct tagset *set = &tags_for(s, format)->self_output;
    struct values v = {.n = 0};

    for (unsigned i = 0; i < OUTPUT_COUNTERS; i++)
        values_add(&v, s, FIELD_OUTPUT + i, o->total.n[i], ADDED_OUTPUTS + n * OUTPUT_COUNTERS + i);
    set->tag[0]->value = o->name;
    values_put(&v, s, format, sink, SOCKPUSH_OUTPUT, set);
}

static void put_listen(const struct snapshot *s, const struct encoder *format, struct sink *sink, unsigned n)
{
    const struct listen_counters *l = &s->listen[n];
    struct tagset *set = &tags_for(s, format)->self_listen;
    struct values v = {.n = 0};

    for (unsigned i = 0; i < LISTEN_COUNTERS; i++)
        if (l->known >> i & 1)
            values_add(&v, s, FIELD_LISTEN + i, l->n[i],
                       i < LISTEN_INCREMENTS ? ADDED_LISTEN + n * LISTEN_INCREMENTS + i : ADDED_NONE);
    set->tag[0]->value = l->name;
    values_put(&v, s, format, sink, SOCKPUSH_LISTEN, set);
}

/* Adds the sockets that could not be followed, where any were read: the program's own, and those of pods by port. */
static void add_untracked(struct values *v, const struct snapshot *s)
{
    const struct tally *ports = s->pods ? s->pods->ports : NULL;
    uint64_t n = tally_untracked(s->tally) + (ports ? tally_untracked(ports) : 0);

    if (ports || s->reading->read[PROTOCOL_TCP] || s->reading->read[PROTOCOL_UDP])
        values_add(v, s, FIELD_UNTRACKED, n, ADDED_NONE);
}

static void put_program(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    const struct self_counters *self = &s->self;
    struct tagset *set = &tags_for(s, format)->self;
    struct values v = {.n = 0};

    values_add(&v, s, FIELD_POLL_US, self->poll_us, ADDED_NONE);
    values_add(&v, s, FIELD_SOCKETS, s->reading->report.sockets, ADDED_NONE);
    add_untracked(&v, s);
    values_add(&v, s, FIELD_QUEUE_TOTALS, s->queue_totals, ADDED_NONE);
    if (s->pods)
        values_add(&v, s, FIELD_UNTRACKED_PODS, s->pods->unseen, ADDED_NONE);
    values_add(&v, s, FIELD_PARTIAL_POLLS, self->partial_polls, ADDED_PARTIAL_POLLS);
    values_add(&v, s, FIELD_POLL_ERRORS, self->poll_errors, ADDED_POLL_ERRORS);
    values_add(&v, s, FIELD_COUNT_ERRORS, self->count_errors, ADDED_COUNT_ERRORS);
    set->tag[0]->value = s->reading->name;
    values_put(&v, s, format, sink, SOCKPUSH, set);
}

static void put_self(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    if (!s->push_self)
        return;
    if (!s->only_metrics)
        put_program(s, format, sink);
    for (int i = 0; i < s->n_outputs && !s->only_metrics; i++)
        put_output(s, format, sink, (unsigned)i);
    for (int i = 0; i < s->n_listen; i++)
        put_listen(s, format, sink, (unsigned)i);
}

static uint64_t measure_self(const struct snapshot *s, const struct encoder *format, struct sink *sink)
{
    put_self(s, format, sink);
    return 0;
}

const struct source source_self = {put_self, measure_self, .of_pods = false};
