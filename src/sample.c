/* Samples of the accept queues between two polls, for their peak. */
#include "base/log.h"
#include "program.h"

/* The peak is of local ports' series. A recording has polls only. */
static bool wants_peaks(const struct config *c)
{
    return c->v.peak_ms && c->rules.local && !c->record && !c->replay;
}

bool program_samples(const struct program *p)
{
    return wants_peaks(&p->config) && p->config.v.peak_ms < p->config.v.interval_ms && reader_samples(&p->reader);
}

void program_sample(struct program *p)
{
    int ret;

    tally_begin_sample(&p->tally);
    ret = reader_listeners(&p->reader, tally_sample, &p->tally);
    if (ret)
        log_event(LOG_DEBUG, "backend", p->reading.name, "the accept queues could not be sampled: %s",
                  platform_error_text(-ret));
    p->sampled |= !ret;
    p->sample_failed |= ret != 0;
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
