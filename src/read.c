/* One poll: reads the tables of sockets, the kernel's counters and the pods, and counts. */
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/version.h"
#include "program.h"

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

    p->read_ns = start;
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
