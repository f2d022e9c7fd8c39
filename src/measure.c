/* How large a snapshot can be, which decides the memory of outputs. */
#include <string.h>

#include "base/log.h"
#include "output/limits.h"
#include "program.h"

#define SNAPSHOT_MAX (SIZE_MAX / 16 < 1u << 30 ? SIZE_MAX / 16 : 1u << 30) /* bytes */

/* A path may need shorter datagrams, which can make the snapshot larger: lines that are split repeat their tags. */
static uint64_t largest_snapshot(const struct config *c, const struct endpoint *endpoint, const struct snapshot *s)
{
    uint64_t oversized,
        max = snapshot_max(s, endpoint->format, transport_line_max(endpoint->transport, (size_t)c->v.mtu), &oversized),
        shortest = 0;

    if (!endpoint->transport->line_max && !c->mtu_set)
        shortest = snapshot_max(s, endpoint->format, DATAGRAM_MIN, &oversized);
    return max > shortest ? max : shortest;
}

/* Makes the system's host name the longest it may become: every byte needs an escape. Returns the old name, or NULL. */
static char *lengthen_host(struct config *c)
{
    char *name = c->host_text ? arena_text(&c->arena, c->host_text, strlen(c->host_text)) : NULL;

    if (name)
        memset(c->host_text, ' ', HOST_TEXT_MAX - 1);
    return name;
}

/* Returns the variable that makes an output's snapshot too large. */
static const char *grown_by(const struct program *p, const struct endpoint *endpoint, const struct snapshot *s)
{
    struct snapshot counts = *s;

    counts.metrics = NULL;
    if (largest_snapshot(&p->config, endpoint, &counts) <= SNAPSHOT_MAX)
        return "SOCKPUSH_LISTEN_MEMORY";
    return p->tally.max_discovered ? "SOCKPUSH_MAX_SERIES" : "SOCKPUSH_PORTS";
}

bool program_measure(struct program *p)
{
    struct config *c = &p->config;
    char *name = lengthen_host(c);
    struct snapshot s;

    program_snapshot(p, 0, &s);
    for (int i = 0; i < c->n_outputs; i++) {
        const struct endpoint *endpoint = &c->output[i];
        uint64_t max = largest_snapshot(c, endpoint, &s);

        if (max > SNAPSHOT_MAX) {
            log_event(LOG_ERROR, "variable", grown_by(p, endpoint, &s),
                      "with so many series one poll's lines could take %llu MiB; the limit is %u MiB",
                      (unsigned long long)max >> 20, (unsigned)(SNAPSHOT_MAX >> 20));
            return false;
        }
        p->snapshot_max[i] = (size_t)max;
    }
    if (name)
        strcpy(c->host_text, name);
    return true;
}
