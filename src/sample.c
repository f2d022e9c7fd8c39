/* Samples of the accept queues between two polls, for their peak. */
#include "base/deadline.h"
#include "base/log.h"
#include "program.h"

/* Samples take at most 0.1 % of a core: the next one begins this many times the CPU time of the last one after it. Who
 * wants them more often than by default accepts that they cost more: up to 1 % at 10 ms. */
#define REST_PER_CPU    1000
#define PEAK_DEFAULT_MS 100 /* that of SOCKPUSH_PEAK */

/* The peak is of local ports' series. A recording has polls only. */
static bool wants_peaks(const struct config *c)
{
    return c->v.peak_ms && c->rules.local && !c->record && !c->replay;
}

bool program_samples(const struct program *p)
{
    return wants_peaks(&p->config) && p->config.v.peak_ms < p->config.v.interval_ms && reader_samples(&p->reader);
}

void program_begin_samples(struct program *p)
{
    p->sampled_cpu_ns = platform_cpu_ns();
}

uint64_t program_next_sample(const struct program *p, uint64_t start_ns)
{
    uint64_t step_ns = (uint64_t)p->config.v.peak_ms * NS_PER_MS;
    uint64_t due_ns = deadline_next(start_ns, step_ns, platform_monotonic_ns());

    return due_ns > p->sample_not_before_ns ? due_ns : p->sample_not_before_ns;
}

/* Puts off the next sample until this one, which began at began_ns, has taken no more than its share of the time. */
static void rest(struct program *p, uint64_t began_ns)
{
    uint64_t cpu_ns = platform_cpu_ns(), used_ns = cpu_ns - p->sampled_cpu_ns;
    int64_t peak_ms = p->config.v.peak_ms < PEAK_DEFAULT_MS ? p->config.v.peak_ms : PEAK_DEFAULT_MS;

    p->sample_not_before_ns = began_ns + used_ns * (uint64_t)peak_ms * REST_PER_CPU / PEAK_DEFAULT_MS;
    p->sampled_cpu_ns = cpu_ns;
}

void program_sample(struct program *p)
{
    uint64_t began_ns = platform_monotonic_ns();
    int ret;

    tally_begin_sample(&p->tally);
    ret = reader_listeners(&p->reader, tally_sample, &p->tally);
    if (ret)
        log_event(LOG_DEBUG, "backend", p->reading.name, "the accept queues could not be sampled: %s",
                  platform_error_text(-ret));
    p->sampled |= !ret;
    p->sample_failed |= ret != 0;
    rest(p, began_ns);
}

void program_end_readings(struct program *p)
{
    const struct poll_report *report = &p->reading.report;
    bool peaks = wants_peaks(&p->config) && reader_samples(&p->reader) && (p->sampled || !p->sample_failed);

    if (p->reading.read[PROTOCOL_UDP])
        tally_end_udp(&p->tally, report->drops);
    if (!p->reading.read[PROTOCOL_TCP])
        return;
    tally_end_tcp(&p->tally, peaks, report->queues[PROTOCOL_TCP] && report->all_tcp);
    p->sampled = p->sample_failed = false;
}
