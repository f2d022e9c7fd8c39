#include "output/connection.h"

#include <string.h>

#include "base/format.h"
#include "base/log.h"
#include "output/connection_acks.h"
#include "output/limits.h"

#define LINE_SHOWN 120 /* bytes of a dropped line in the log */

void connection_fit(struct output *o)
{
    size_t path = o->link->datagram_max, line_max = !path || path > o->mtu ? o->mtu
                                                    : path < DATAGRAM_MIN  ? DATAGRAM_MIN
                                                                           : path;

    if (o->endpoint->transport->line_max || path == o->path_max)
        return;
    o->path_max = path;
    if (o->mtu_set && line_max < o->mtu)
        log_event(LOG_WARN, "output", o->endpoint->name,
                  "SOCKPUSH_MTU=%zu is more than the %zu bytes that the path takes in one packet", o->mtu, path);
    if (o->mtu_set || line_max == o->line_max)
        return;
    log_event(LOG_INFO, "output", o->endpoint->name, "datagrams of up to %zu bytes: the path takes %zu in one packet",
              line_max, path);
    pthread_mutex_lock(&o->lock);
    o->line_max = o->box.chunk_max = line_max;
    pthread_mutex_unlock(&o->lock);
}

/* Applies the rules of the new connection: whether lines may wait for it, and whether late lines are worth sending. */
static void adopt(struct output *o)
{
    struct policy policy = policy_of(o->endpoint, o->link->stream);

    o->link->opened_ns = platform_monotonic_ns();
    pthread_mutex_lock(&o->lock);
    if (o->quiet) {
        o->acked_ns = o->link->opened_ns;
        acks_forget(o, true);
    }
    o->first_ack_ns = 0;
    o->delivered_before = o->box.delivered_lines;
    o->quiet = false;
    o->stats.n[RECONNECTS] += o->opened_before;
    if (policy.newest_only && !o->box.newest_only)
        outbox_clear(&o->box); /* these lines waited for a stream */
    o->policy = policy;
    o->box.newest_only = policy.newest_only;
    o->box.apart = policy.keep;
    pthread_mutex_unlock(&o->lock);
    o->opened_before = true;
    connection_fit(o);
}

/* bytes of a dropped line in the log */

int connection_open(struct output *o)
{
    int ret;

    o->link->why[0] = '\0';
    o->link->wait_ms = 0;
    ret = o->endpoint->transport->open(o->link);
    if (!ret)
        adopt(o);
    return ret;
}

void connection_swap(struct output *o)
{
    struct link *better = o->other;

    connection_finish(o, false);
    o->other = o->link;
    o->link = better;
    better->target_end = o->endpoint->n_targets;
    better->brief = false;
    adopt(o);
}

void connection_note(struct output *o, const char *what, int error, const char *then, bool costs)
{
    output_count(o, SEND_ERRORS, 1);
    o->snapshot_errors++;
    o->error_ns = platform_monotonic_ns();
    trouble_note(&o->trouble, o->endpoint->name, what, *o->link->why ? o->link->why : platform_error_text(-error), then,
                 costs);
}

void connection_note_dropped(struct output *o, const char *why)
{
    size_t len = o->len < LINE_SHOWN ? o->len : LINE_SHOWN;
    const char *end = memchr(o->data, '\n', len);
    char then[LINE_SHOWN + 64];

    if (o->box.record != record_line)
        text_format(then, sizeof then, "%u lines are dropped", o->chunk.lines);
    else
        text_format(then, sizeof then, "%u lines are dropped, the first is \"%.*s\"", o->chunk.lines,
                    end ? (int)(end - o->data) : (int)len, o->data);
    if (why)
        link_explain(o->link, "%s", why);
    connection_note(o, "cannot send", 0, then, true);
}

void connection_pause(struct output *o, unsigned max_ms)
{
    if (output_is_closing(o) && max_ms > BACKOFF_CLOSING_MS)
        max_ms = BACKOFF_CLOSING_MS;
    backoff_next(&o->backoff, o->endpoint->name, max_ms, o->link->wait_ms);
}

void connection_drop(struct output *o)
{
    pthread_mutex_lock(&o->lock);
    outbox_clear(&o->box);
    pthread_mutex_unlock(&o->lock);
}
