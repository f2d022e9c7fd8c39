/* Losses and mistakes of senders in the log: the first of each kind, and of losses that go on their beginning. */
#include <string.h>

#include "base/log.h"
#include "input/listener.h"

/* Copies the texts of refused lines that were not logged yet. Returns true if a gauge like that of DogStatsD came for
 * the first time. */
static bool take_new(struct listener *l, char text[LINE_FAULTS + 1][REFUSAL_SHOWN + 1])
{
    bool delta;

    listener_enter(l);
    for (unsigned i = 0; i <= LINE_FAULTS; i++) {
        memcpy(text[i], l->logged_fault[i] ? "" : l->intake.refused[i], l->logged_fault[i] ? 1 : REFUSAL_SHOWN + 1);
        l->logged_fault[i] |= *text[i] != '\0';
    }
    delta = l->intake.metrics && l->intake.metrics->first_delta && !l->logged_delta;
    listener_leave(l);
    l->logged_delta |= delta;
    return delta;
}

static void log_lines(struct listener *l)
{
    char text[LINE_FAULTS + 1][REFUSAL_SHOWN + 1];

    if (take_new(l, text))
        log_event(
            LOG_WARN, NULL, NULL,
            "a gauge with tags has a sign, and is changed by that value; if its client means the value itself, as "
            "DogStatsD's do: SOCKPUSH_LISTEN_GAUGES=absolute");
    for (unsigned i = 0; i <= LINE_FAULTS; i++)
        if (*text[i])
            log_event(LOG_WARN, NULL, NULL, "a line was refused: %s: %s; more of this kind are only counted",
                      i < LINE_FAULTS ? line_fault_text(i) : "too long, or cut", text[i]);
}

static void log_overflow(struct listener *l)
{
    uint64_t overflow = 0;
    bool overflows;

    for (int i = 0; i < l->n_items; i++)
        overflow += l->stats[i].taken.lines.overflow_lines;
    overflows = overflow > l->logged_overflow;
    if (overflows && !l->overflows)
        log_event(
            LOG_WARN, NULL, NULL,
            "no memory for more series: values of new ones count as overflow=true, and new gauges are lost; raise "
            "SOCKPUSH_LISTEN_MEMORY");
    l->overflows = overflows;
    l->logged_overflow = overflow;
}

static void log_item(const char *name, const struct listen_stats *now, struct listen_stats *before)
{
    if (now->kernel_drops && !before->kernel_drops)
        log_event(LOG_WARN, "listen", name,
                  "the kernel had no room for %llu datagrams; raise net.core.rmem_max, or send larger datagrams",
                  (unsigned long long)now->kernel_drops);
    if (now->taken.lines.unsupported_lines && !before->taken.lines.unsupported_lines)
        log_event(
            LOG_WARN, "listen", name,
            "a line was dropped that an output cannot have, such as an event, which only datadog gets; more are only "
            "counted");
    if (now->taken.truncated && !before->taken.truncated)
        log_event(LOG_WARN, "listen", name, "a datagram was cut: it is longer than %d bytes, or its stream ended",
                  FRAME_MAX);
    if (now->taken.refused_clients && !before->taken.refused_clients)
        log_event(LOG_WARN, "listen", name, "a stream was refused: there are %d already", LISTEN_CLIENTS);
    *before = *now;
}

void listener_log_new(struct listener *l)
{
    log_lines(l);
    log_overflow(l);
    for (int i = 0; i < l->n_items; i++)
        log_item(l->items[i].name, &l->stats[i], &l->logged[i]);
}
