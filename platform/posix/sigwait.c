#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "posix/posix.h"

/* A blocked signal waits until it is taken; so it is only asked whether that works, by waiting for none. */
bool posix_watch_signals(const sigset_t *signals)
{
    const struct timespec none = {0};
    sigset_t empty;

    (void)signals;
    sigemptyset(&empty);
    return sigtimedwait(&empty, NULL, &none) < 0 && errno == EAGAIN;
}

int posix_next_signal(const sigset_t *signals, uint64_t left_ns)
{
    const struct timespec span = {.tv_sec = (time_t)(left_ns / 1000000000), .tv_nsec = (long)(left_ns % 1000000000)};

    return sigtimedwait(signals, NULL, &span);
}
