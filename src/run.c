#include <string.h>

#include "base/deadline.h"
#include "base/log.h"
#include "base/version.h"
#include "relay.h"
#include "status.h"

static void log_reading(struct program *p)
{
    char view[256], why[READER_WHY_MAX];
    const char *counting = p->reading.report.counting;
    bool good = p->reading.read[PROTOCOL_TCP] && p->reading.read[PROTOCOL_UDP];

    reader_why(&p->reader, why);
    log_event(good ? LOG_INFO : LOG_WARN, "backend", p->reading.name, "reading %s%s%s%s%s%s",
              program_view(p, view, sizeof view), *why ? "; others failed: " : "", why, counting ? "; " : "",
              counting ? counting : "", !good || p->reading.report.ipv6 ? "" : "; no IPv6 in this kernel");
}

static void log_outputs(struct program *p)
{
    for (int i = 0; i < p->n_outputs; i++) {
        struct output *o = &p->output[i];
        bool waits = output_waits(o->endpoint), raised = waits && o->box.ring.cap > (size_t)p->config.v.buffer;

        log_event(LOG_INFO, "output", o->endpoint->name, "pushing %s every %lld ms, set by %s; %s %zu bytes%s",
                  o->endpoint->format->name, (long long)p->config.v.interval_ms, p->config.to_from,
                  waits ? "outbox of" : "lines of up to", waits ? o->box.ring.cap : o->line_max,
                  raised ? " (SOCKPUSH_BUFFER, raised to two snapshots)" : "");
    }
}

static void log_listening(struct program *p)
{
    for (int i = 0; i < p->config.n_listen; i++)
        log_event(LOG_INFO, "listen", p->config.listen[i].name, "taking StatsD");
    if (p->aggregates)
        log_event(LOG_INFO, NULL, NULL, "%lld bytes of memory for the applications' metrics",
                  (long long)p->config.v.listen_memory);
}

static bool reads_nothing(const struct program *p)
{
    return !p->reading.read[PROTOCOL_TCP] && !p->reading.read[PROTOCOL_UDP];
}

static bool any_output(struct program *p)
{
    for (int i = 0; i < p->n_outputs; i++)
        if (!output_done(&p->output[i]))
            return true;
    return false;
}

/* src/top.c is no part of link-time optimisation, which would make two of this. */
__attribute__((noinline)) enum platform_event program_wait(struct program *p, uint64_t start, uint64_t deadline_ns)
{
    uint64_t sample_ns;

    program_begin_samples(p);
    while (program_samples(p) && (sample_ns = program_next_sample(p, start)) < deadline_ns) {
        enum platform_event event = platform_wait(sample_ns);

        if (event != PLATFORM_DEADLINE)
            return event;
        program_sample(p);
    }
    return platform_wait(deadline_ns);
}

bool program_polls_left(const struct program *p)
{
    return !p->config.v.polls || p->polls < (uint64_t)p->config.v.polls;
}

/* Returns false, after logging what is missing, if the program must not run without. */
static bool enter_sandbox(struct program *p)
{
    char text[PLATFORM_SANDBOX_MAX];
    bool good = program_sandbox(p, text);

    if (!good)
        log_event(LOG_ERROR, "variable", "SOCKPUSH_SANDBOX", "strict, but only this is in force: %s", text);
    else if (*text)
        log_event(LOG_INFO, NULL, NULL, "sandbox: %s", text);
    return good;
}

int program_begin(struct program *p, int64_t *time_ms)
{
    char view[256], why[READER_WHY_MAX];

    if (!enter_sandbox(p) || (p->config.n_listen && relay_loops(p)))
        return 2;
    platform_forget_start();
    program_read(p, time_ms);
    if (p->reading.ended) {
        log_event(LOG_ERROR, NULL, NULL, "no poll was recorded in %s", p->config.replay);
        return 1;
    }
    if (reads_nothing(p) && !p->config.off) {
        log_event(LOG_ERROR, NULL, NULL, "no backend can read %s: %s", program_view(p, view, sizeof view),
                  reader_why(&p->reader, why));
        return 1;
    }
    return 0;
}

/* Opens all there is to open, and reads for the first time. Returns 0, or the exit status after logging why. */
static int begin(struct program *p, int64_t *time_ms)
{
    char pods[PODS_TEXT_MAX];
    int ret = p->config.n_listen ? relay_open(p) : 0;

    if (ret)
        return 1;
    if (p->config.notify)
        status_open(p);
    ret = program_begin(p, time_ms);
    if (ret)
        return ret;
    if (!p->config.off)
        log_reading(p);
    if (p->config.v.pods)
        log_event(p->pods.error ? LOG_ERROR : LOG_INFO, "variable", "SOCKPUSH_PODS", "%s", program_pods(p, pods));
    if (p->pods.error)
        return 1;
    ret = program_start(p);
    if (ret)
        log_event(LOG_ERROR, NULL, NULL, "cannot start an output: %s", platform_error_text(-ret));
    return ret ? 1 : 0;
}

/* Its code is in a segment that is not mapped without a service manager. */
static void notify(struct program *p, bool stops)
{
    if (p->notify_fd)
        status_notify(p, stops);
}

int program_run(struct program *p)
{
    uint64_t interval = (uint64_t)p->config.v.interval_ms * NS_PER_MS, poll_ns, lost;
    uint64_t unit = (uint64_t)program_unit_ms(p) * NS_PER_MS, start;
    enum platform_event event = PLATFORM_DEADLINE;
    int64_t time_ms;
    int ret = begin(p, &time_ms);

    if (ret) {
        if (p->config.n_listen)
            relay_close(p); /* the files of its sockets go */
        return ret;
    }
    poll_ns = platform_monotonic_ns();
    start = deadline_start(interval, unit, poll_ns);
    poll_ns = deadline_first(start, interval, poll_ns);
    log_outputs(p);
    log_listening(p);
    notify(p, false);
    program_push(p, time_ms);
    if (p->config.record)
        log_event(LOG_INFO, NULL, NULL, "recording to %s; it holds addresses", p->config.record);
    while (program_polls_left(p) && event != PLATFORM_STOP && any_output(p)) {
        event = program_wait(p, start, poll_ns);
        if (event == PLATFORM_REPORT)
            status_log(p);
        if (event == PLATFORM_STOP || platform_monotonic_ns() < poll_ns) /* a flood of signals delays no poll */
            continue;
        program_read(p, &time_ms);
        if (p->reading.ended)
            break;
        if (p->reading.changed)
            log_reading(p);
        notify(p, false);
        program_push(p, time_ms);
        poll_ns = deadline_next(start, interval, platform_monotonic_ns());
    }
    notify(p, true);
    program_stop_listening(p);
    lost = program_finish(p);
    log_event(LOG_INFO, NULL, NULL, "ends after %llu polls; %llu lines were not sent", (unsigned long long)p->polls,
              (unsigned long long)lost);
    return !program_polls_left(p) && lost ? 1 : 0;
}
