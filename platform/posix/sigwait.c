#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "posix/posix.h"

/* Checks that waiting works, by waiting for no signal. A blocked signal stays pending, so none is missed. */
bool posix_watch_signals(const sigset_t *signals)
{
    const struct timespec none = {0};
    sigset_t empty;

    (void)signals;
    sigemptyset(&empty);
    return sigtimedwait(&empty, NULL, &none) < 0 && errno == EAGAIN;
}

const bool posix_signals_stay = false;

int posix_next_signal(const sigset_t *signals, uint64_t left_ns)
{
    const struct timespec span = {.tv_sec = (time_t)(left_ns / 1000000000), .tv_nsec = (long)(left_ns % 1000000000)};

    return sigtimedwait(signals, NULL, &span);
}
