#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "posix/posix.h"

/* A blocked signal waits until it is taken. */
void posix_watch_signals(const sigset_t *signals)
{
    (void)signals;
}

int posix_next_signal(const sigset_t *signals, uint64_t left_ns)
{
    const struct timespec span = {.tv_sec = (time_t)(left_ns / 1000000000), .tv_nsec = (long)(left_ns % 1000000000)};

    return sigtimedwait(signals, NULL, &span);
}
