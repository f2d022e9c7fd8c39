#include "output/trouble.h"

#include <string.h>

#include "base/deadline.h"
#include "base/log.h"
#include "output/limits.h"

static void begin(struct trouble *t)
{
    uint64_t now = platform_monotonic_ns();
    bool back = t->over_ns && now - t->over_ns < TROUBLE_QUIET_MS * NS_PER_MS &&
                now - t->event_ns < TROUBLE_REMIND_MS * NS_PER_MS;

    t->lasts = true;
    t->reported = false;
    t->began_ns = now;
    t->errors = 0;
    if (back)
        return;
    t->event_ns = now;
    t->reasons = 0;
    t->cost = false;
}

void trouble_note(struct trouble *t, const char *output, const char *what, const char *why, const char *then,
                  bool costs)
{
    bool news;

    if (!t->lasts)
        begin(t);
    t->errors++;
    news = !t->reasons || (t->reasons < REASONS_MAX && strncmp(why, t->why, sizeof t->why - 1));
    if (!news && (!costs || t->cost)) {
        log_event(LOG_DEBUG, "output", output, "%s: %s", what, why);
        return;
    }
    t->reasons++;
    t->reported = true;
    t->cost |= costs;
    strncpy(t->why, why, sizeof t->why - 1);
    log_event(LOG_WARN, "output", output, "%s: %s; %s", what, why, then);
}

void trouble_over(struct trouble *t, const char *output, const char *how, const char *what)
{
    if (!t->lasts)
        return;
    t->lasts = false;
    t->over_ns = platform_monotonic_ns();
    log_event(t->reported ? LOG_INFO : LOG_DEBUG, "output", output, "%s, after %llu %s in %llu s", how,
              (unsigned long long)t->errors, what,
              (unsigned long long)((t->over_ns - t->began_ns) / (1000 * NS_PER_MS)));
}
