#include "output/output.h"

#include <limits.h>
#include <string.h>

#include "output/delivery.h"

const struct output_kind *const output_kinds[] = {&output_udp, &output_unix, &output_unixgram, &output_unixstream,
                                                  &output_tcp, &output_tls,  &output_http, &output_https, &output_stdout,   NULL};

const struct output_kind *output_kind_find(const char *scheme)
{
    for (const struct output_kind *const *k = output_kinds; *k; k++)
        if (!strcmp((*k)->scheme, scheme))
            return *k;
    return NULL;
}

size_t output_line_max(const struct endpoint *to, size_t mtu)
{
    return to->kind->line_max ? to->kind->line_max : mtu;
}

bool output_waits(const struct endpoint *to)
{
    return (!to->kind->datagram || to->kind->either) && (to->format->timestamps || to->kind->queues);
}

int output_start(struct output *o, const struct endpoint *to, const struct output_limits *limits,
                 struct arena *a)
{
    struct outbox *box = &o->box;
    bool stream = !to->kind->datagram || to->kind->either;
    int ret;

    o->to = to;
    o->line_max = output_line_max(to, limits->mtu);
    o->spread_ns = limits->interval_ns / 4 < 500000000 ? limits->interval_ns / 4 : 500000000;
    o->replay_ns = limits->replay_ns + net_unnoticed_ns;
    o->link = arena_zero(a, 1, sizeof *o->link);
    link_init(o->link, to);
    if (to->n_targets > 1) {
        o->other = arena_zero(a, 1, sizeof *o->other);
        link_init(o->other, to);
    }
    box->line_max = o->line_max;
    box->chunk_max = to->kind->chunk_max ? to->kind->chunk_max : o->line_max;
    box->newest_only = to->kind->datagram || !output_waits(to);
    box->apart = o->keeps = !to->kind->datagram && to->kind->hear;
    box->cap = outbox_room(stream ? 2 : 1, limits->snapshot_max, box->chunk_max);
    if (output_waits(to) && box->cap < limits->buffer)
        box->cap = limits->buffer;
    box->ring = arena_zero(a, box->cap, 1);
    o->data = arena_zero(a, to->kind->batch_max > box->line_max ? to->kind->batch_max : box->line_max + 1, 1);
    o->batch_chunks = UINT_MAX;
    ret = net_wake_open(&o->wake);
    if (ret)
        return ret;
    pthread_mutex_init(&o->lock, NULL);
    return -pthread_create(&o->thread, NULL, delivery_run, o);
}

void output_put(struct output *o, const struct lines *lines, uint64_t oversized, bool timed)
{
    pthread_mutex_lock(&o->lock);
    o->stats.n[DROPPED_LINES] += oversized;
    if (timed || !o->keeps || !o->to->format->timestamps)
        outbox_put(&o->box, lines);
    else
        o->stats.n[DROPPED_LINES] += lines->n;
    pthread_mutex_unlock(&o->lock);
    net_wake_signal(&o->wake);
}

bool output_take_owed(struct output *o, struct added *owed)
{
    bool any = false;

    pthread_mutex_lock(&o->lock);
    *owed = o->box.owed;
    memset(&o->box.owed, 0, sizeof o->box.owed);
    pthread_mutex_unlock(&o->lock);
    for (int i = 0; i < ADDED; i++)
        any |= owed->n[i] > 0;
    return any;
}

struct output_stats output_read_stats(struct output *o)
{
    struct output_stats stats;

    pthread_mutex_lock(&o->lock);
    stats = o->stats;
    stats.n[SENT_LINES] += o->box.delivered_lines;
    stats.n[DROPPED_LINES] += o->box.dropped_lines;
    pthread_mutex_unlock(&o->lock);
    return stats;
}

void output_close(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    o->closing = true;
    pthread_mutex_unlock(&o->lock);
    net_wake_signal(&o->wake);
}

bool output_done(struct output *o)
{
    bool done;

    pthread_mutex_lock(&o->lock);
    done = o->done;
    pthread_mutex_unlock(&o->lock);
    return done;
}

uint64_t output_left(struct output *o)
{
    uint64_t left;

    pthread_mutex_lock(&o->lock);
    left = o->box.lines + o->box.doubt_lines;
    pthread_mutex_unlock(&o->lock);
    return left;
}
