#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "platform.h"
#include "posix/posix.h"

/* Signals that the main thread waits for, blocked in all threads. There is no handler and no interrupted call, and it
 * works as PID 1, which ignores signals without a handler. */
static sigset_t taken;

/* Occupies closed standard streams, so that no log line reaches what is opened later: a directory cannot be written to.
 * If it cannot be opened either, nothing can be done. */
static void take_standard_streams(void)
{
    int fd;

    do
        fd = open("/", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    close(fd);
}

/* Signals that end the program in order. Others whose default ends a process keep it: faults (SIGSEGV, SIGSTKFLT and
 * the like), SIGQUIT and SIGABRT, which ask for a core dump, and SIGKILL. */
static const int ending[] = {
    SIGTERM, SIGINT, SIGHUP, SIGXCPU, /* the soft limit of processor time */
#ifdef SIGPWR
    SIGPWR, /* asks a container's process 1 to end (lxc-stop) */
#endif
};

static const int blocked_only[] = {
    SIGPIPE, SIGXFSZ, /* the write returns EPIPE or EFBIG */
    SIGALRM, SIGVTALRM, SIGPROF,
#ifdef SIGIO
    SIGIO,
#endif
};

/* Leaves nohup's SIGHUP and a background job's SIGINT ignored, except in process 1, where that is never meant. */
static void take_unless_ignored(int sig)
{
    if (sig == SIGTERM || !posix_signal_ignored(sig) || getpid() == 1)
        sigaddset(&taken, sig);
}

void platform_init(void)
{
    sigset_t blocked;
    struct timespec now;

    take_standard_streams();
    if (clock_gettime(CLOCK_MONOTONIC, &now))
        platform_die("the clock cannot be read: a seccomp profile that is older than clock_gettime64?");
    sigemptyset(&taken);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        take_unless_ignored(ending[i]);
    sigaddset(&taken, SIGUSR1); /* PLATFORM_REPORT */
    sigaddset(&taken, SIGUSR2); /* platform_wake */
    blocked = taken;
    for (size_t i = 0; i < sizeof blocked_only / sizeof *blocked_only; i++)
        sigaddset(&blocked, blocked_only[i]);
#ifdef SIGRTMIN
    for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) /* the C library excludes its own */
        sigaddset(&blocked, sig);
#endif
    if (pthread_sigmask(SIG_BLOCK, &blocked, NULL) || posix_poll(NULL, 0, 0) < 0 || !posix_watch_signals(&taken))
        platform_die("signals cannot be blocked and waited for: a seccomp profile that refuses it?");
}

void posix_take_signal(int sig)
{
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, sig);
    sigaddset(&taken, sig);
    pthread_sigmask(SIG_BLOCK, &one, NULL);
    posix_watch_signals(&taken);
}

void platform_end_at_once(void)
{
    sigset_t ends = taken;

    sigdelset(&ends, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &ends, NULL);
}

enum platform_event platform_wait(uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = platform_monotonic_ns();
        uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
        int sig = posix_next_signal(&taken, left);

        if (sig == SIGTSTP)
            posix_terminal_suspend();
        if (sig == SIGUSR2 || sig == SIGWINCH || sig == SIGTSTP)
            return PLATFORM_WAKE;
        if (sig == SIGUSR1)
            return PLATFORM_REPORT;
        if (sig > 0)
            return PLATFORM_STOP;
        if (platform_monotonic_ns() >= deadline_ns)
            return PLATFORM_DEADLINE;
    }
}

/* kill() to a number below 1 would reach other processes */
void platform_wake(void)
{
    pid_t own = getpid();

    if (own > 0)
        kill(own, SIGUSR2);
}
