/* macOS has no sigtimedwait. A kqueue reports signals even while they are blocked (kqueue(2)), whichever thread the
 * kernel leaves them to. */
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/event.h>
#include <time.h>

#include "posix/posix.h"

static int queue = -1; /* never closed; child processes do not inherit it */

bool posix_watch_signals(const sigset_t *signals)
{
    bool all;

    if (queue < 0)
        queue = kqueue();
    all = queue >= 0;
    for (int sig = 1; sig < NSIG; sig++) {
        struct kevent change;

        EV_SET(&change, (uintptr_t)sig, EVFILT_SIGNAL, EV_ADD, 0, 0, NULL);
        if (sigismember(signals, sig) == 1)
            all &= !kevent(queue, &change, 1, NULL, 0, NULL);
    }
    return all;
}

const bool posix_signals_stay = true;

int posix_next_signal(const sigset_t *signals, uint64_t left_ns)
{
    const struct timespec span = {.tv_sec = (time_t)(left_ns / 1000000000), .tv_nsec = (long)(left_ns % 1000000000)};
    struct kevent event;

    (void)signals;
    return kevent(queue, NULL, 0, &event, 1, &span) == 1 ? (int)event.ident : 0;
}
