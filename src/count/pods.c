#include "count/pods.h"

#include <errno.h>
#include <string.h>

#include "platform.h"

#define LOOK_MS       9500  /* 10 s, less what polls may come early */
#define COUNTERS_NS   70000 /* CPU time of a reading without listeners */
#define BUDGET_PER_MS 500   /* ns: 0.05 % of a core for idle namespaces, and the same for busy ones */

/* Both have so much at the start, so that most namespaces have their listeners in the first poll. */
#define FIRST_BUDGET_NS 100000000

/* Connections of a busy namespace. To find the end of its listeners, the kernel walks through the sockets of all
 * namespaces until it comes to a connection of this one. */
#define BUSY 16

static const uint8_t increase_of[POD_INCREASES] = {
    [POD_LISTEN_OVERFLOWS] = LISTEN_OVERFLOWS,   [POD_LISTEN_DROPS] = LISTEN_DROPS, [POD_ACTIVE_OPENS] = ACTIVE_OPENS,
    [POD_PASSIVE_OPENS] = PASSIVE_OPENS,         [POD_RETRANS_SEGS] = RETRANS_SEGS, [POD_SYN_RETRANS] = SYN_RETRANS,
    [POD_ESTAB_RESETS] = ESTAB_RESETS,           [POD_OUT_RSTS] = OUT_RSTS,         [POD_UDP_IN_ERRORS] = UDP_IN_ERRORS,
    [POD_UDP_RCVBUF_ERRORS] = UDP_RCVBUF_ERRORS,
};

void pods_init(struct pods *p, const struct pods_want *want, struct arena *a)
{
    p->want = *want;
    p->view = arena_zero(a, want->max, sizeof *p->view);
    p->series = arena_zero(a, want->max, sizeof *p->series);
    p->process = arena_zero(a, PROCESSES_MAX, sizeof *p->process);
    p->before = arena_zero(a, PROCESSES_MAX, sizeof *p->before);
    p->turn[false].budget_ns = p->turn[true].budget_ns = FIRST_BUDGET_NS;
    if (want->rules) {
        p->ports = arena_zero(a, 1, sizeof *p->ports);
        tally_init_views(p->ports, want->rules, want->max_ports, a);
        p->ports->marks_ends = want->marks_ends;
    }
}

/* --- one namespace ---------------------------------------------------------------- */

static void take_increases(struct pod_view *v, const struct kernel_reading *r)
{
    for (unsigned i = 0; i < POD_INCREASES; i++) {
        if (!(r->known >> increase_of[i] & 1))
            continue;
        if (v->based >> i & 1)
            v->series->total[i] += kernel_rise(v->base[i], r->n[increase_of[i]]);
        v->base[i] = r->n[increase_of[i]];
        v->based |= (uint16_t)(1u << i);
    }
}

static void take_family(struct pod_view *v, unsigned i, const struct pod_family *r)
{
    struct pod_family *sum = &v->series->family[i];

    if (v->fresh) {
        v->listen[i] = (uint32_t)r->count[STATE_LISTEN];
        v->accept_queue[i] = (uint32_t)r->accept_queue;
    }
    sum->tcp_inuse += r->tcp_inuse;
    for (unsigned k = 0; k < FIELD_COUNT; k++)
        sum->count[k] += k == STATE_LISTEN ? v->listen[i] : r->count[k];
    sum->accept_queue += v->accept_queue[i];
}

static void take(struct pod_view *v, const struct pod_reading *r, unsigned depth)
{
    v->read = true;
    v->fresh = depth != POD_COUNTERS || !(r->family[0].tcp_inuse | r->family[1].tcp_inuse); /* then there are none */
    v->listeners |= v->fresh;
    v->series->time_wait += r->time_wait;
    v->busy = r->current >= BUSY;
    v->series->current += r->current;
    v->series->ipv6 |= r->ipv6;
    for (unsigned i = 0; i < 2; i++)
        take_family(v, i, &r->family[i]);
    take_increases(v, &r->kernel);
}

/* Finds another process of the namespace, after the one that was read through is gone, or left it. */
static bool other_process(struct pods *p, struct pod_view *v)
{
    uint32_t index = (uint32_t)(v - p->view);

    if (v->process < p->n_processes)
        p->process[v->process].view = VIEW_NONE;
    for (v->process = 0; v->process < p->n_processes; v->process++)
        if (p->process[v->process].view == index)
            return true;
    return false;
}

static int read_through(struct pods *p, const struct pod_view *v, unsigned depth, char *buf, struct pod_reading *r)
{
    const struct pod_process *process = &p->process[v->process];
    int ret;

    memset(r, 0, sizeof *r);
    if (v->process >= p->n_processes)
        return -ESRCH;
    if (p->ports)
        pods_enter_ports(p, v);
    ret = platform_pod_read(p->want.proc, process->pid, process->mark, v->name_space, depth, buf, pods_count, p, r);
    v->series->torn |= ret && p->counted_some;
    return ret;
}

static void read_view(struct pods *p, struct pod_view *v, struct pod_turn *turn, char *buf)
{
    unsigned depth = p->ports              ? POD_PORTS
                     : p->want.full        ? POD_SOCKETS
                     : turn->budget_ns > 0 ? POD_LISTENERS
                                           : POD_COUNTERS;
    uint64_t start_ns = platform_cpu_ns(), used_ns;
    struct pod_reading r;
    int ret;

    do
        ret = read_through(p, v, depth, buf, &r);
    while (ret == -ESRCH && other_process(p, v));
    used_ns = platform_cpu_ns() - start_ns;
    if (depth == POD_LISTENERS) {
        turn->next = (uint32_t)(v - p->view) + 1;
        turn->budget_ns -= used_ns > COUNTERS_NS ? (int64_t)(used_ns - COUNTERS_NS) : 0;
    }
    if (!ret)
        take(v, &r, depth);
    else if (ret == -ESRCH)
        p->lost = true;
    else
        p->failed = true;
}

/* --- all of them ------------------------------------------------------------------- */

static void begin_poll(struct pods *p)
{
    int64_t share_ns = (int64_t)(p->want.interval_ms * BUDGET_PER_MS);

    p->looked = p->lost = p->failed = false;
    for (unsigned i = 0; i < 2 && p->looks; i++) {
        p->turn[i].budget_ns += share_ns;
        if (p->turn[i].budget_ns > share_ns)
            p->turn[i].budget_ns = share_ns;
    }
    for (uint32_t i = 0; i < p->n_views; i++)
        p->view[i].read = p->view[i].fresh = false;
    for (uint32_t i = 0; i < p->n_series; i++) {
        struct pod_series *s = &p->series[i];

        s->ipv6 &= !s->views;
        s->unread = s->torn = false;
        s->time_wait = s->current = 0;
        memset(s->family, 0, sizeof s->family);
    }
    if (p->ports)
        pods_begin_ports(p);
}

/* Reads those that are busy, or that are not, in their turn. */
static void read_some(struct pods *p, bool busy, char *buf)
{
    struct pod_turn *turn = &p->turn[busy];
    uint32_t first = turn->next;

    for (uint32_t i = 0; i < p->n_views; i++) {
        struct pod_view *v = &p->view[(first + i) % p->n_views];

        if (v->series && v->busy == busy && !v->read)
            read_view(p, v, turn, buf);
    }
}

/* Reads what was not read in this poll. */
static void read_views(struct pods *p, char *buf)
{
    read_some(p, true, buf);
    read_some(p, false, buf);
}

static void end_poll(struct pods *p)
{
    p->unseen = p->left_out;
    for (uint32_t i = 0; i < p->n_series; i++) {
        struct pod_series *s = &p->series[i];

        s->listeners = !s->views; /* what has ended is 0 */
        if (s->start_ms < 0)
            s->start_ms = p->time_ms;
        if (s->views) {
            s->seen_ms = p->now_ms;
            s->zero_polls = 0;
            s->ending = false;
        }
    }
    for (uint32_t i = 0; i < p->n_views; i++)
        if (p->view[i].series) {
            p->view[i].series->listeners |= p->view[i].fresh;
            p->view[i].series->unread |= !p->view[i].read;
        }
    for (uint32_t i = 0; i < p->n_views; i++)
        if (p->view[i].series)
            p->view[i].series->listeners &= p->view[i].listeners;
        else if (p->view[i].name_space && !p->view[i].owner.guest)
            p->unseen++;
    if (p->ports)
        pods_end_ports(p);
}

void pods_poll(struct pods *p, uint64_t now_ms, int64_t time_ms, char *buf)
{
    p->now_ms = now_ms;
    p->time_ms = time_ms;
    begin_poll(p);
    if (!p->looks || now_ms - p->looked_ms >= LOOK_MS)
        pods_look(p);
    read_views(p, buf);
    if (p->lost && !p->looked) {
        pods_look(p);
        read_views(p, buf);
    }
    end_poll(p);
}
