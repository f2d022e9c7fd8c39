/* What the files here need and POSIX does not have in one way. A system that does it otherwise
 * has a file of the same name in its own folder. */
#ifndef POSIX_H
#define POSIX_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* not on macOS; SIGPIPE is blocked anyway */
#endif

/* As socket and pipe, but not blocking, and closed in what this process executes. */
int posix_socket(int family, int type);
int posix_pipe(int fd[2]);

/* Waits as poll does, with its results. Sockets and wake-ups are waited for by this function alone: it stands in
 * clock.c, so that a test can link a clock of its own (tests/unit/output/clock.h). */
int posix_poll(struct pollfd *fds, unsigned n, int timeout_ms);

/* Returns true if this signal was ignored from the start. */
bool posix_signal_ignored(int sig);

/* From now on no such signal, which is blocked, is missed by posix_next_signal. False: the system does not let it wait
 * for signals. */
bool posix_watch_signals(const sigset_t *signals);

/* Takes one, waiting for left_ns; not positive: none came yet. */
int posix_next_signal(const sigset_t *signals, uint64_t left_ns);

/* fe80::1%eth0: the number of the interface, which may be written as that; 0: there is none. */
uint32_t posix_zone_index(const char *zone);

#endif
