/* The program's relay: what applications send is taken, and pushed with the counts. */
#include <string.h>

#include "base/format.h"
#include "base/ip.h"
#include "base/log.h"
#include "encode/dogstatsd.h"
#include "output/limits.h"
#include "relay.h"

#define RECENT_SHARE 8 /* lines that came have 1/8 of the metrics' memory, besides */

/* --- the start --------------------------------------------------------------------- */

void relay_init(struct program *p)
{
    const struct config *c = &p->config;
    struct metrics_settings settings = {.expiry_ms = (uint64_t)c->v.listen_expiry_ms, .deltas = !c->v.listen_gauges};
    uint32_t recent = (uint32_t)c->v.listen_memory / RECENT_SHARE;
    bool claims = false;

    p->needs_time = true;
    for (int i = 0; i < c->n_outputs; i++) {
        p->aggregates |= c->output[i].format->metric != NULL;
        p->needs_time &= !c->output[i].format->metric || output_needs_time(&c->output[i]);
        settings.totals |= c->output[i].format->marks_ends;
        claims |= c->output[i].format->claims;
    }
    p->needs_time &= p->aggregates;
    if (!p->aggregates)
        return;
    for (unsigned i = 0; i < 2; i++)
        settings.key[i] = (uint64_t)platform_random(UINT32_MAX) << 32 | platform_random(UINT32_MAX);
    metrics_init(&p->metrics, &settings, arena_zero(&p->config.arena, (size_t)c->v.listen_memory, 1),
                 (uint32_t)c->v.listen_memory);
    recent_init(&p->metrics.recent, arena_zero(&p->config.arena, recent, 1), recent);
    if (!claims)
        return;
    p->claims.claim = arena_zero(&p->config.arena, claims_size((uint32_t)c->v.listen_memory), sizeof *p->claims.claim);
    for (unsigned i = 0; i < 2; i++)
        p->claims.ours[i] = arena_format(&p->config.arena, "%s%s%s.", c->v.prefix, *c->v.prefix ? "." : "",
                                         measurements[i ? SOCKPUSH : NETSTAT].name);
}

static bool has_port(const struct listener *l, uint16_t port)
{
    for (int i = 0; i < l->n_items; i++)
        if (l->items[i].kind == LISTEN_UDP && l->items[i].port == port)
            return true;
    return false;
}

/* Returns the host at which a datagram to this one arrives: the "any" address is this host. */
static const char *reached(const char *host)
{
    static const uint8_t any[16];
    struct ip ip;

    if (!ip_parse(host, strlen(host), &ip) || memcmp(ip.bytes, any, sizeof any) != 0)
        return host;
    return ip.version == 4 ? "127.0.0.1" : "::1";
}

/* Returns the listener that gets what this output sends, or NULL. A host that needs no look-up, or has it at hand, is
 * found; another one has a moment. */
static const struct listen_item *leads_back(const struct listener *l, const struct endpoint *endpoint)
{
    const struct target *target = endpoint->target;
    const struct listen_item *item = NULL;
    struct net_addr addr[LISTEN_ADDRESSES];
    int n;

    if (transport_has_socket_path(endpoint->transport))
        return listener_at_path(l, endpoint->path);
    if (endpoint->transport != &output_udp || !has_port(l, target->port))
        return NULL;
    n = net_resolve(reached(target->host), target->port, addr, LISTEN_ADDRESSES, RESOLVE_AGAIN_MS);
    for (int i = 0; i < n && !item; i++)
        item = listener_at(l, &addr[i], target->port);
    return item;
}

int relay_open(struct program *p)
{
    return listener_init(&p->listener, p->config.listen, p->config.n_listen, p->aggregates ? &p->metrics : NULL,
                         RESOLVE_FIRST_MS, &p->config.arena);
}

bool relay_loops(const struct program *p)
{
    const struct config *c = &p->config;
    const struct listen_item *item = NULL;
    int i = 0;

    while (i < c->n_outputs && !(item = leads_back(&p->listener, &c->output[i])))
        i++;
    if (item)
        log_event(LOG_ERROR, "variable", "SOCKPUSH_LISTEN",
                  "\"%s\": the output %s, set by %s, leads there: what is pushed would come back", item->name,
                  c->output[i].name, c->to_from);
    return item != NULL;
}

static void add_packer(struct program *p, struct output *o)
{
    const struct encoder *format = o->endpoint->format;
    struct packer *packer = &p->packer[p->listener.intake.n_packers++];

    *packer = (struct packer){.dialect = format->relays - 1,
                              .absolute = p->config.v.listen_gauges,
                              .packet_max = transport_line_max(o->endpoint->transport, o->mtu),
                              .fill_max = o->packet_max,
                              .send = output_relay,
                              .ctx = o,
                              .tags = &p->packer_tags[format->for_agent]};
    packer->bytes = arena_zero(&p->config.arena, packer->packet_max + 1, 1);
}

/* Renders our tags for the packers: the host may have another name. */
static void set_tags(struct program *p)
{
    buf_cut(&p->tag_texts, 0);
    dogstatsd_tags(&p->tags.users, &p->tag_texts, &p->packer_tags[false]);
    if (p->config.for_agent)
        dogstatsd_tags(&p->agent_tags.users, &p->tag_texts, &p->packer_tags[true]);
}

/* Returns the bytes of these tags' texts, whatever name the host gets. */
static size_t texts_size(const struct tags *tags)
{
    size_t size = HOST_TEXT_MAX + 1; /* none is no size */

    for (size_t i = 0; i < tags->n; i++)
        size += strlen(tags->tag[i].key) + (tags->tag[i].value ? strlen(tags->tag[i].value) : 0) + sizeof ":,";
    return size;
}

int relay_start(struct program *p)
{
    struct arena *a = &p->config.arena;

    p->listener.intake.packers = p->packer;
    for (int i = 0; i < p->n_outputs; i++)
        if (p->output[i].endpoint->format->relays)
            add_packer(p, &p->output[i]);
    p->tag_texts.cap = texts_size(&p->tags.users) + texts_size(&p->agent_tags.users);
    p->tag_texts.data = arena_zero(a, p->tag_texts.cap, 1);
    set_tags(p);
    return listener_start(&p->listener);
}

/* --- each interval ------------------------------------------------------------------- */

/* Counts the lines that were too long for a packet, and logs the first. */
static void note_oversized(struct program *p, int i)
{
    const struct packer *packer = &p->packer[i];
    struct output *o = packer->ctx;
    uint64_t oversized = p->listener.packed[i].oversized;

    if (oversized && !p->packer_oversized[i])
        log_event(LOG_WARN, "output", o->endpoint->name,
                  "lines of applications that are longer than %zu bytes are dropped", packer->packet_max);
    output_count(o, DROPPED_LINES, oversized - p->packer_oversized[i]);
    p->packer_oversized[i] = oversized;
}

void relay_flush(struct program *p, int64_t time_ms, bool last)
{
    struct listener *l = &p->listener;

    if (l->intake.n_packers) {
        listener_enter(l);
        set_tags(p);
        listener_leave(l);
    }
    p->waits_for_time = time_ms < 0 && p->needs_time && !last; /* every output would drop the interval */
    if (p->waits_for_time)
        listener_count(l);
    else
        listener_flush(l, platform_monotonic_ns() / 1000000, time_ms);
    listener_log_new(l);
    for (int i = 0; i < l->intake.n_packers; i++)
        note_oversized(p, i);
}

static void copy_listen(const struct program *p, int i, struct snapshot *snapshot)
{
    const struct listen_stats *s = &p->listener.stats[i];
    struct listen_counters *out = &snapshot->listen[i];

    *out = (struct listen_counters){.name = p->config.listen[i].name, .known = (1u << KERNEL_DROPS) - 1};
    if (p->aggregates)
        out->known |= 1u << OVERFLOW_LINES | 1u << LATE_TIMES | (i ? 0 : 1u << SERIES);
    if (s->queue_known)
        out->known |= 1u << KERNEL_DROPS | 1u << BUFFER_USED_PERCENT;
    out->n[DATAGRAMS] = s->taken.datagrams;
    out->n[LINES] = s->taken.lines.lines;
    out->n[REFUSED_LINES] = s->taken.lines.refused_lines;
    out->n[UNSUPPORTED_LINES] = s->taken.lines.unsupported_lines;
    out->n[TRUNCATED] = s->taken.truncated;
    out->n[KERNEL_DROPS] = s->kernel_drops;
    out->n[OVERFLOW_LINES] = s->taken.lines.overflow_lines;
    out->n[LATE_TIMES] = s->taken.lines.late_times;
    out->n[SERIES] = p->listener.series;
    out->n[BUFFER_USED_PERCENT] = s->buffer_used_percent;
    for (int k = 0; k < LISTEN_INCREMENTS; k++)
        snapshot->added.n[ADDED_LISTEN + i * LISTEN_INCREMENTS + k] = out->n[k] - p->listen_reported[i][k];
}

void relay_counters(const struct program *p, struct snapshot *out)
{
    for (; out->n_listen < p->config.n_listen; out->n_listen++)
        copy_listen(p, out->n_listen, out);
    if (p->aggregates)
        out->metrics = &p->metrics;
}

/* Logs the first metric of the application that was left out. */
void relay_log_left_out(struct program *p)
{
    const struct claims *c = &p->claims;

    if (p->logged_left_out)
        return;
    p->logged_left_out = true;
    log_event(LOG_WARN, NULL, NULL,
              "the %s %.64s would be the same series as %s %.64s in %s: it is left out; more are only counted, in "
              "dropped_lines",
              relayed_kind[c->left_out->kind], metric_name(c->left_out),
              c->owner ? relayed_kind[c->owner->kind] : "sockpush's", c->owner ? metric_name(c->owner) : "own",
              c->format->name);
}

/* --- the end ------------------------------------------------------------------------ */

bool relay_close(struct program *p)
{
    uint64_t before = 0, after = 0;

    for (int i = 0; i < p->config.n_listen; i++)
        before += p->listener.stats[i].taken.datagrams;
    listener_close(&p->listener);
    for (int i = 0; i < p->config.n_listen; i++)
        after += p->listener.counts[i].datagrams;
    return after != before || (after && p->waits_for_time);
}
