#include "relay.h"

#include <string.h>

#include "base/deadline.h"
#include "base/format.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/version.h"
#include "output/limits.h"

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

/* --- reading -------------------------------------------------------------------- */

static void discard(void *ctx, enum protocol protocol)
{
    tally_discard(ctx, protocol);
}

int64_t program_wall_clock(struct program *p)
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

static void count_poll(struct program *p, uint64_t start_ns)
{
    struct self_counters *self = &p->self;
    bool unread = !p->config.off && (!p->reading.read[PROTOCOL_TCP] || !p->reading.read[PROTOCOL_UDP]);

    self->poll_us = (platform_monotonic_ns() - start_ns) / 1000;
    p->added.n[ADDED_PARTIAL_POLLS] = p->reading.report.partial > 0;
    p->added.n[ADDED_POLL_ERRORS] = unread || p->kernel.failed || p->pods.failed || p->pods.error;
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

/* Logs when counters of the kernel cannot be read any more, and when they are read again. */
static void note_kernel(struct program *p)
{
    if (p->kernel.failed == p->logged_kernel)
        return;
    p->logged_kernel = p->kernel.failed;
    log_event(p->kernel.failed ? LOG_WARN : LOG_INFO, NULL, NULL, "counters of the kernel %s",
              p->kernel.failed ? "cannot be read any more" : "are read again");
}

/* Logs once that there are more routes than are kept apart. */
static void note_left_out(struct program *p)
{
    const struct ephemeral *e = p->tally.ephemeral;

    if (!e || !e->left_out || p->logged_routes)
        return;
    p->logged_routes = true;
    log_event(LOG_WARN, NULL, NULL,
              "rules of remote ports match more than %d pairs of addresses: %llu sockets are not in "
              "ephemeral_used_percent",
              ROUTES_MAX, (unsigned long long)e->left_out);
}

/* Logs once that series are left out of formats with increments. */
static void note_drops(struct program *p)
{
    if (!p->tally.drops.left_out || p->logged_drops)
        return;
    p->logged_drops = true;
    log_event(LOG_WARN, NULL, NULL,
              "more than %d port series lose datagrams: udp_drops of the others is not in the formats of StatsD",
              DROPS_SERIES);
}

/* Without pods, no page of their code is to be mapped. */
static void read_pods(struct program *p, uint64_t start_ns, int64_t time_ms)
{
    if (p->config.v.pods)
        program_read_pods(p, start_ns, time_ms);
}

void program_read(struct program *p, int64_t *time_ms)
{
    uint64_t start = platform_monotonic_ns();

    follow_host_name(p);
    *time_ms = program_wall_clock(p);
    if (p->start_ms < 0)
        p->start_ms = *time_ms;
    if (p->config.off) {
        p->reading.name = "off";
        read_pods(p, start, *time_ms);
        count_poll(p, start);
        p->polls++;
        return;
    }
    tally_begin(&p->tally, start / 1000000);
    reader_poll(&p->reader, start, tally_sock, discard, &p->tally, &p->reading);
    if (p->reading.ended)
        return;
    if (p->config.v.kernel)
        kernel_poll(&p->kernel, p->config.v.proc, p->lines.data, p->reader.want.recording);
    read_pods(p, start, *time_ms);
    count_poll(p, start);
    note_counting(p);
    note_kernel(p);
    tally_end(&p->tally);
    program_end_readings(p);
    if (p->config.v.pid && p->config.rules.n && p->reading.read[PROTOCOL_TCP])
        owners_update(&p->owners, &p->tally);
    if (p->tally.overflowed && !p->logged_overflow) {
        p->logged_overflow = true;
        log_event(LOG_WARN, NULL, NULL,
                  "more than SOCKPUSH_MAX_SERIES=%u port series: the rest is counted in addr_port=other",
                  p->tally.max_discovered);
    }
    note_left_out(p);
    note_drops(p);
    p->polls++;
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
