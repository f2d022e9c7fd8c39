#include "relay.h"

#include <string.h>

#include "base/deadline.h"
#include "base/format.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/version.h"
#include "output/limits.h"
#include "status.h"

/* Returns true for rules that need listeners first, and for recordings, whose replay may have such rules. */
static bool wants_listeners_first(const struct config *c)
{
    return c->rules.listen != RULE_NONE || c->record || c->replay;
}

/* Returns the set of ports for connections that rules need, or that a recording has for a replay with such rules. */
static struct port_set *local_ports(struct program *p)
{
    if (p->tally.ephemeral)
        return &p->tally.ephemeral->ports;
    return p->config.record ? arena_zero(&p->config.arena, 1, sizeof(struct port_set)) : NULL;
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

/* Allocates room for the largest snapshot. Between two of them, a file of the kernel is read there. */
static void init_lines(struct program *p)
{
    p->lines.cap = PLATFORM_KERNEL_BUF;
    for (int i = 0; i < p->config.n_outputs; i++)
        if (p->lines.cap < p->snapshot_max[i])
            p->lines.cap = p->snapshot_max[i];
    p->lines.data = arena_zero(&p->config.arena, p->lines.cap, 1);
}

static void init_added(struct program *p)
{
    struct arena *a = &p->config.arena;

    p->added.count = ADDED_PODS(p->pods.want.max);
    p->added.n = arena_zero(a, p->added.count, sizeof *p->added.n);
    p->with_pending = arena_zero(a, p->added.count, sizeof *p->with_pending);
    if (p->config.v.pods)
        p->added.generation = p->generation = arena_zero(a, p->added.count, sizeof *p->generation);
}

static void init_pods_tags(struct program *p)
{
    struct config *c = &p->config;

    series_tags_init_pods(&p->tags, c->tags, c->n_tags, &c->rules, &c->arena);
    if (c->for_agent)
        series_tags_init_pods(&p->agent_tags, c->agent_tags, c->n_tags + 1, &c->rules, &c->arena);
}

int program_init(struct program *p)
{
    struct config *c = &p->config;
    const struct backend_want want = {.proc = c->v.proc,
                                      .exact = c->v.count,
                                      .all_queues = c->v.queues == QUEUES_ON,
                                      .drops = c->v.queues != QUEUES_OFF,
                                      .ports = c->rules.n ? c->rules.ports : NULL,
                                      .remote_ports = c->rules.remote_ports,
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
    if (c->v.pods)
        program_init_pods(p);
    init_added(p);
    if (c->v.pid && c->rules.n)
        owners_init(&p->owners, &p->tally, c->v.proc, &c->arena);
    series_tags_init(&p->tags, c->tags, c->n_tags, &c->rules, &c->arena);
    p->sections = sections(&c->origin, &c->arena);
    if (c->for_agent)
        series_tags_init(&p->agent_tags, c->agent_tags, c->n_tags + 1, &c->rules, &c->arena);
    if (p->pods.ports)
        init_pods_tags(p);
    if (c->n_listen)
        relay_init(p);
    reader_init(&p->reader, platform_backends, c->backend, &want);
    p->reader.want.local_ports = local_ports(p);
    if (!program_measure(p) || !open_recording(p))
        return 2;
    init_lines(p);
    return 0;
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
                                       .counters = p->added.count,
                                       .packets = c->n_listen && endpoint->format->relays ? (size_t)c->v.buffer : 0,
                                       .interval_ns = (uint64_t)c->v.interval_ms * 1000000,
                                       .replay_ns = (uint64_t)c->v.replay_ms * 1000000};
        int ret;

        ret = output_init(&p->output[i], endpoint, &limits, &c->arena);
        if (!ret)
            ret = output_start(&p->output[i]);
        if (ret)
            return ret;
        p->n_outputs++;
    }
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
    while ((event == PLATFORM_WAKE || event == PLATFORM_REPORT) && !all_done(p) && deadline_left_ms(deadline)) {
        event = platform_wait(deadline);
        if (event == PLATFORM_REPORT)
            status_log(p);
    }
    if (event == PLATFORM_STOP)
        log_event(LOG_INFO, NULL, NULL, "a second signal came: the rest is not flushed");
    else if (!all_done(p))
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
