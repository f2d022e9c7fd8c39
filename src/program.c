#include "relay.h"

#include <string.h>

#include "base/deadline.h"
#include "base/format.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/version.h"
#include "output/limits.h"

#define SNAPSHOT_MAX (SIZE_MAX / 16 < 1u << 30 ? SIZE_MAX / 16 : 1u << 30) /* bytes */

/* Returns true for rules that need listeners first, and for recordings, whose replay may have such rules. */
static bool wants_listeners_first(const struct config *c)
{
    return c->rules.listen != RULE_NONE || c->record || c->replay;
}

static bool open_recording(struct program *p)
{
    const struct config *c = &p->config;
    const char *path = c->replay ? c->replay : c->record;
    char why[200];
    int ret = 0;

    if (!path)
        return true;
    if (c->replay)
        ret = recording_open(&p->recording, path, why, sizeof why);
    else if ((ret = recording_create(&p->recording, path)))
        text_format(why, sizeof why, "%s", platform_error_text(-ret));
    if (ret)
        log_event(LOG_ERROR, "variable", "SOCKPUSH_BACKEND", "\"%s\": %s", c->v.backend, why);
    return !ret;
}

const char *program_view(const struct program *p, char *out, size_t cap)
{
    if (!p->config.replay)
        return platform_view(p->config.v.proc, out, cap);
    text_format(out, cap, "the recording %s", p->config.replay);
    return out;
}

/* Returns "|c:ci-…|e:…|card:…" without the parts that are unknown. */
static const char *sections(const struct origin *origin, struct arena *a)
{
    char container[PLATFORM_CONTAINER_MAX] = "";
    char text[2 * TAG_VALUE_MAX];
    struct buf b = {.data = text, .cap = sizeof text};

    if (origin->detected && *platform_container(container))
        buf_format(&b, "|c:%s", container);
    if (origin->external) {
        buf_text(&b, "|e:");
        put_replaced(&b, origin->external, "|");
    }
    if (origin->cardinality)
        buf_format(&b, "|card:%s", origin->cardinality);
    return arena_text(a, text, b.len);
}

/* A path may need shorter datagrams, which can make the snapshot larger: lines that are split repeat their tags. */
static uint64_t largest_snapshot(const struct config *c, const struct endpoint *endpoint, const struct snapshot *s)
{
    uint64_t oversized,
        max = snapshot_max(s, endpoint->format, transport_line_max(endpoint->transport, (size_t)c->v.mtu), &oversized),
        shortest = 0;

    if (!endpoint->transport->line_max && !c->mtu_set)
        shortest = snapshot_max(s, endpoint->format, DATAGRAM_MIN, &oversized);
    return max > shortest ? max : shortest;
}

/* Makes the system's host name the longest it may become: every byte needs an escape. Returns the old name, or NULL. */
static char *lengthen_host(struct config *c)
{
    char *name = c->host_text ? arena_text(&c->arena, c->host_text, strlen(c->host_text)) : NULL;

    if (name)
        memset(c->host_text, ' ', HOST_TEXT_MAX - 1);
    return name;
}

/* Returns the variable that makes an output's snapshot too large. */
static const char *grown_by(const struct program *p, const struct endpoint *endpoint, const struct snapshot *s)
{
    struct snapshot counts = *s;

    counts.metrics = NULL;
    if (largest_snapshot(&p->config, endpoint, &counts) <= SNAPSHOT_MAX)
        return "SOCKPUSH_LISTEN_MEMORY";
    return p->tally.max_discovered ? "SOCKPUSH_MAX_SERIES" : "SOCKPUSH_PORTS";
}

/* Measures the largest snapshot of each output. Returns false if one is too large. */
static bool measure(struct program *p)
{
    struct config *c = &p->config;
    char *name = lengthen_host(c);
    struct snapshot s;

    program_snapshot(p, 0, &s);
    for (int i = 0; i < c->n_outputs; i++) {
        const struct endpoint *endpoint = &c->output[i];
        uint64_t max = largest_snapshot(c, endpoint, &s);

        if (max > SNAPSHOT_MAX) {
            log_event(LOG_ERROR, "variable", grown_by(p, endpoint, &s),
                      "with so many series one poll's lines could take %llu MiB; the limit is %u MiB",
                      (unsigned long long)max >> 20, (unsigned)(SNAPSHOT_MAX >> 20));
            return false;
        }
        p->snapshot_max[i] = (size_t)max;
    }
    if (name)
        strcpy(c->host_text, name);
    return true;
}

int program_init(struct program *p)
{
    struct config *c = &p->config;
    const struct backend_want want = {.proc = c->v.proc,
                                      .exact = c->v.count,
                                      .ports = c->rules.n ? c->rules.ports : NULL,
                                      .listen = c->rules.listen != RULE_NONE,
                                      .listeners_first = wants_listeners_first(c),
                                      .recording = c->record || c->replay ? &p->recording : NULL};

    tally_init(&p->tally, &c->rules, (uint32_t)c->v.max_series, &c->arena);
    for (int i = 0; i < c->n_outputs; i++)
        p->tally.marks_ends |= c->output[i].format->marks_ends;
    for (int i = 0; i < c->n_outputs && !p->format_state; i++)
        if (c->output[i].format->state_size)
            p->format_state = arena_zero(&c->arena, 1, c->output[i].format->state_size);
    p->start_ms = -1;
    if (c->v.pid && c->rules.n)
        owners_init(&p->owners, &p->tally, c->v.proc, &c->arena);
    series_tags_init(&p->tags, c->tags, c->n_tags, &c->rules, &c->arena);
    p->sections = sections(&c->origin, &c->arena);
    if (c->for_agent)
        series_tags_init(&p->agent_tags, c->agent_tags, c->n_tags + 1, &c->rules, &c->arena);
    if (c->n_listen)
        relay_init(p);
    reader_init(&p->reader, platform_backends, c->backend, &want);
    return measure(p) && open_recording(p) ? 0 : 2;
}

/* --- reading -------------------------------------------------------------------- */

static void discard(void *ctx, enum protocol protocol)
{
    tally_discard(ctx, protocol);
}

/* Returns the wall clock, or -1 if it was not set, such as on a board that starts in 1970. */
static int64_t wall_clock(struct program *p)
{
    int64_t now = platform_wall_ms();

    if (now >= SOCKPUSH_BUILD_DATE_MS)
        return now;
    if (!p->logged_clock)
        log_event(LOG_WARN, NULL, NULL,
                  "the clock is before this program's build date: lines have no time until it is set");
    p->logged_clock = true;
    return -1;
}

static void count_poll(struct program *p, uint64_t us)
{
    struct self_counters *self = &p->self;

    self->poll_us = us;
    p->added.n[ADDED_PARTIAL_POLLS] = p->reading.report.partial > 0;
    p->added.n[ADDED_POLL_ERRORS] = !p->reading.read[PROTOCOL_TCP] || !p->reading.read[PROTOCOL_UDP];
    self->partial_polls += p->added.n[ADDED_PARTIAL_POLLS];
    self->poll_errors += p->added.n[ADDED_POLL_ERRORS];
    p->added.n[ADDED_COUNT_ERRORS] = p->reading.report.contradicted;
    self->count_errors += p->added.n[ADDED_COUNT_ERRORS];
}

/* Updates the tag "host": cloud-init, DHCP or an operator may name the machine after the start. */
static void follow_host_name(struct program *p)
{
    char *text = p->config.host_text, name[HOST_TEXT_MAX];

    if (!text || platform_host_name(name, sizeof name) || !*name)
        return;
    utf8_clean(name);
    if (!strcmp(name, text))
        return;
    log_event(LOG_INFO, NULL, NULL, "the host name changed from \"%s\" to \"%s\"", text, name);
    strcpy(text, name);
}

/* Logs the end of trust in the kernel's counters, and at level debug each change of how TCP sockets are counted. */
static void note_counting(struct program *p)
{
    const char *counting = p->reading.report.counting;

    if (p->reading.report.contradicted)
        log_event(LOG_WARN, "backend", p->reading.name,
                  "the kernel's counters differ from its list of TCP sockets: from now on every socket is listed");
    else if (counting && p->counting != counting)
        log_event(LOG_DEBUG, "backend", p->reading.name, "%s", counting);
    p->counting = counting;
}

void program_read(struct program *p, int64_t *time_ms)
{
    uint64_t start = platform_monotonic_ns();

    follow_host_name(p);
    *time_ms = wall_clock(p);
    if (p->start_ms < 0)
        p->start_ms = *time_ms;
    if (p->config.off) {
        p->reading.name = "off";
        p->polls++;
        return;
    }
    tally_begin(&p->tally, start / 1000000);
    reader_poll(&p->reader, start, tally_sock, discard, &p->tally, &p->reading);
    if (p->reading.ended)
        return;
    count_poll(p, (platform_monotonic_ns() - start) / 1000);
    note_counting(p);
    tally_end(&p->tally);
    if (p->config.v.pid && p->config.rules.n && p->reading.read[PROTOCOL_TCP])
        owners_update(&p->owners, &p->tally);
    if (p->tally.overflowed && !p->logged_overflow) {
        p->logged_overflow = true;
        log_event(LOG_WARN, NULL, NULL,
                  "more than SOCKPUSH_MAX_SERIES=%u port series: the rest is counted in addr_port=other",
                  p->tally.max_discovered);
    }
    p->polls++;
}

/* --- handing out ----------------------------------------------------------------- */

void program_snapshot(struct program *p, int64_t time_ms, struct snapshot *out)
{
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
        .push_self = p->config.v.self,
        .semconv = p->config.v.otlp_names,
        .self = p->self,
        .n_outputs = p->config.n_outputs,
        .added = p->added,
    };
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
    for (int i = 0; i < p->n_outputs; i++)
        p->output[i].reported = s->output[i].total;
    for (int i = 0; i < s->n_listen; i++)
        memcpy(p->listen_reported[i], s->listen[i].n, sizeof p->listen_reported[i]);
}

/* A snapshot that is encoded for some outputs. */
struct push {
    struct sink sink;
    const struct snapshot *snapshot;
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
                                .added = &push->snapshot->added,
                                .counter = sink->counter,
                                .part = sink->part};

    for (int i = 0; i < push->n_outputs; i++)
        output_add(push->output[i], &lines);
    buf_cut(sink->out, 0);
    sink->lines = 0;
}

/* Encodes for output i, and passes the lines to later outputs that need the same ones, unless alone. line_max is by
 * output, and 0 for those that have their lines. */
static void push_format(struct program *p, const struct snapshot *s, int i, bool alone, size_t *line_max)
{
    struct output *first = &p->output[i];
    struct push push = {.sink = {.out = &p->lines,
                                 .flush = pass_lines,
                                 .line_max = line_max[i],
                                 .unit = first->endpoint->unit,
                                 .state = p->format_state,
                                 .claims = &p->claims},
                        .snapshot = s};

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

    if (!output_take_pending(&p->output[i], &s->added))
        return;
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
}

void program_push(struct program *p, int64_t time_ms)
{
    push(p, time_ms, false);
}

/* Returns the unit of the outputs' times, the longest of them. */
static int64_t coarsest_unit_ms(const struct config *c)
{
    int64_t longest_ms = 1;

    for (int i = 0; i < c->n_outputs; i++) {
        int64_t unit_ms = endpoint_unit_ms(&c->output[i]);

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
    time_ms = wall_clock(p);
    after_ms = p->metrics.flush_ms + coarsest_unit_ms(&p->config);
    if (time_ms >= 0 && time_ms < after_ms)
        time_ms = after_ms; /* a series has one value at a time */
    push(p, time_ms, true);
}

int program_start(struct program *p)
{
    struct config *c = &p->config;

    for (int i = 0; i < c->n_outputs; i++) {
        struct endpoint *endpoint = &c->output[i];
        struct output_limits limits = {.mtu = (size_t)c->v.mtu,
                                       .mtu_set = c->mtu_set,
                                       .buffer = (size_t)c->v.buffer,
                                       .snapshot_max = p->snapshot_max[i],
                                       .packets = c->n_listen && endpoint->format->relays ? (size_t)c->v.buffer : 0,
                                       .interval_ns = (uint64_t)c->v.interval_ms * 1000000,
                                       .replay_ns = (uint64_t)c->v.replay_ms * 1000000};
        int ret;

        if (p->lines.cap < limits.snapshot_max)
            p->lines.cap = limits.snapshot_max;
        ret = output_init(&p->output[i], endpoint, &limits, &c->arena);
        if (!ret)
            ret = output_start(&p->output[i]);
        if (ret)
            return ret;
        p->n_outputs++;
    }
    p->lines.data = arena_zero(&c->arena, p->lines.cap, 1);
    return c->n_listen ? relay_start(p) : 0;
}

/* --- the end --------------------------------------------------------------------- */

static bool all_done(struct program *p)
{
    for (int i = 0; i < p->n_outputs; i++)
        if (!output_done(&p->output[i]))
            return false;
    return true;
}

uint64_t program_finish(struct program *p)
{
    uint64_t deadline = deadline_in(FLUSH_MS), lost = 0;
    enum platform_event event = PLATFORM_WAKE;

    for (int i = 0; i < p->n_outputs; i++)
        output_close(&p->output[i]);
    while (event == PLATFORM_WAKE && !all_done(p))
        event = platform_wait(deadline);
    if (event == PLATFORM_STOP)
        log_event(LOG_INFO, NULL, NULL, "a second signal came: the rest is not flushed");
    else if (event == PLATFORM_DEADLINE && !all_done(p))
        log_event(LOG_INFO, NULL, NULL, "outputs were not done after %u s: the rest is not flushed", FLUSH_MS / 1000);
    for (int i = 0; i < p->n_outputs; i++) {
        struct output *o = &p->output[i];
        uint64_t left = output_left(o), dropped = output_read_stats(o).n[DROPPED_LINES];

        lost += left + dropped;
        if (left + dropped)
            log_event(LOG_WARN, "output", o->endpoint->name,
                      "%llu lines were not sent: %llu dropped, %llu left at the end",
                      (unsigned long long)(left + dropped), (unsigned long long)dropped, (unsigned long long)left);
    }
    return lost;
}
