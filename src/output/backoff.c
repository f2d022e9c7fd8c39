#include "output/backoff.h"

#include "base/deadline.h"
#include "base/log.h"
#include "output/limits.h"

void backoff_next(struct backoff *b, const char *output, unsigned max_ms, unsigned least_ms)
{
    unsigned spread, ms;

    b->ms = b->ms ? b->ms * 2 : BACKOFF_MIN_MS;
    if (b->ms > max_ms)
        b->ms = max_ms;
    spread = least_ms / 4 > b->ms ? least_ms / 4 : b->ms;
    if (spread > max_ms)
        spread = max_ms;
    ms = least_ms + platform_random(spread + 1);
    b->at_ns = deadline_in(ms);
    log_event(LOG_DEBUG, "output", output, "next attempt in %u ms, drawn from %u to %u", ms, least_ms,
              least_ms + spread);
}
