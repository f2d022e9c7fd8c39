#include "output/trouble.h"

#include <pthread.h>
#include <string.h>

#include "base/deadline.h"
#include "base/log.h"
#include "output/limits.h"

/* Guards the members that trouble_read copies, of every struct trouble. It is held for no longer than a copy takes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void begin(struct trouble *t)
{
    uint64_t now = platform_monotonic_ns();
    bool back = t->over_ns && now - t->over_ns < TROUBLE_QUIET_MS * NS_PER_MS &&
                now - t->event_ns < TROUBLE_REMIND_MS * NS_PER_MS;

    t->reported = false;
    t->errors = 0;
    pthread_mutex_lock(&lock);
    t->lasts = true;
    t->began_ns = now;
    pthread_mutex_unlock(&lock);
    if (back)
        return;
    t->event_ns = now;
    t->reasons = 0;
    t->cost = false;
}

/* Sets the last reason. Those that are not logged any more are shown when somebody asks. */
static void set_reason(struct trouble *t, const char *why)
{
    pthread_mutex_lock(&lock);
    strncpy(t->why, why, sizeof t->why - 1);
    pthread_mutex_unlock(&lock);
}

void trouble_note(struct trouble *t, const char *output, const char *what, const char *why, const char *then,
                  bool costs)
{
    bool news;

    if (!t->lasts)
        begin(t);
    t->errors++;
    news = !t->reasons || (t->reasons < REASONS_MAX && strncmp(why, t->why, sizeof t->why - 1));
    set_reason(t, why);
    if (!news && (!costs || t->cost)) {
        log_event(LOG_DEBUG, "output", output, "%s: %s", what, why);
        return;
    }
    t->reasons++;
    t->reported = true;
    t->cost |= costs;
    log_event(LOG_WARN, "output", output, "%s: %s; %s", what, why, then);
}

void trouble_over(struct trouble *t, const char *output, const char *how, const char *what)
{
    if (!t->lasts)
        return;
    pthread_mutex_lock(&lock);
    t->lasts = false;
    pthread_mutex_unlock(&lock);
    t->over_ns = platform_monotonic_ns();
    log_event(t->reported ? LOG_INFO : LOG_DEBUG, "output", output, "%s, after %llu %s in %llu s", how,
              (unsigned long long)t->errors, what,
              (unsigned long long)((t->over_ns - t->began_ns) / (1000 * NS_PER_MS)));
}

bool trouble_read(const struct trouble *t, uint64_t *began_ns, char why[TROUBLE_WHY_MAX])
{
    bool lasts;

    pthread_mutex_lock(&lock);
    lasts = t->lasts;
    *began_ns = t->began_ns;
    memcpy(why, t->why, sizeof t->why);
    pthread_mutex_unlock(&lock);
    return lasts;
}
