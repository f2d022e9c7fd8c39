#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "platform.h"
#include "posix/posix.h"

/* Blocked in all threads and taken by the main thread's wait: no handler, no interrupted
 * call, and it works as PID 1, which ignores signals without a handler. */
static sigset_t taken;

/* A log line must never go to what was opened later: a directory cannot be written to. */
static void take_standard_streams(void)
{
    int fd;

    do
        fd = open("/", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    close(fd);
}

/* nohup's SIGHUP and a background job's SIGINT stay ignored. Nobody meant that for process 1. */
static void take_unless_ignored(int sig)
{
    if (!platform_signal_ignored(sig) || getpid() == 1)
        sigaddset(&taken, sig);
}

void platform_init(void)
{
    sigset_t blocked;

    take_standard_streams();
    sigemptyset(&taken);
    sigaddset(&taken, SIGTERM);
    take_unless_ignored(SIGINT);
    take_unless_ignored(SIGHUP);
    sigaddset(&taken, SIGUSR2); /* platform_wake */
    blocked = taken;
    sigaddset(&blocked, SIGPIPE); /* never taken: a write to a closed pipe says EPIPE */
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    posix_watch_signals(&taken);
}

enum platform_event platform_wait(uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = platform_monotonic_ns();
        uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
        int sig = posix_next_signal(&taken, left);

        if (sig == SIGUSR2)
            return PLATFORM_WAKE;
        if (sig > 0)
            return PLATFORM_STOP;
        if (platform_monotonic_ns() >= deadline_ns)
            return PLATFORM_DEADLINE;
    }
}

void platform_wake(void)
{
    kill(getpid(), SIGUSR2);
}
