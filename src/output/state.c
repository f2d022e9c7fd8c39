#include "output/state.h"

#include "base/deadline.h"
#include "base/format.h"

/* Returns whole seconds. */
static unsigned long long seconds(uint64_t ns)
{
    return ns / (1000 * NS_PER_MS);
}

/* Returns the nanoseconds for which the oldest line has waited: its snapshot was begun that many polls ago. */
static uint64_t lag_ns(struct output *o, const struct last_poll *last, uint64_t now)
{
    uint64_t oldest;

    pthread_mutex_lock(&o->lock);
    oldest = outbox_oldest(&o->box);
    pthread_mutex_unlock(&o->lock);
    return oldest && oldest <= last->number ? (last->number - oldest) * last->interval_ns + (now - last->ns) : 0;
}

void output_state(struct output *o, const struct last_poll *last, char out[STATE_MAX])
{
    struct buf b = {.data = out, .cap = STATE_MAX - 1};
    struct output_stats stats = output_read_stats(o);
    uint64_t now = platform_monotonic_ns(), began_ns, left = output_left(o);
    char why[TROUBLE_WHY_MAX];

    if (output_done(o))
        buf_text(&b, "has ended");
    else if (trouble_read(&o->trouble, &began_ns, why))
        buf_format(&b, "in trouble for %llu s: %s", seconds(now > began_ns ? now - began_ns : 0), why);
    else
        buf_text(&b, stats.n[SENT_LINES] ? "works" : "nothing was delivered yet");
    buf_format(&b, "; %llu lines wait", (unsigned long long)left);
    if (left)
        buf_format(&b, ", the oldest for %llu s", seconds(lag_ns(o, last, now)));
    buf_format(&b, "; %llu dropped", (unsigned long long)stats.n[DROPPED_LINES]);
    out[b.len] = '\0';
}
