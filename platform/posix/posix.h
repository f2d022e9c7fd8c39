/* Calls that POSIX systems provide in different ways. A system that differs has its own file of the same name. */
#ifndef POSIX_H
#define POSIX_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* absent on macOS; SIGPIPE is blocked anyway */
#endif

/* Create a socket or a pipe, or accept a stream, non-blocking and closed on exec. Return as socket, pipe and accept
 * do. */
int posix_socket(int family, int type);
int posix_accept(int fd);
int posix_pipe(int fd[2]);

/* Waits as poll does, with its results. No other function waits for sockets and wake-ups: it is in clock.c, so that a
 * test can link a clock of its own (tests/unit/output/clock.h). */
int posix_poll(struct pollfd *fds, unsigned n, int timeout_ms);

/* Returns true if this signal was ignored from the start. */
bool posix_signal_ignored(int sig);

/* Makes platform_wait take a signal that it did not take until now: SIGWINCH wakes it up, and SIGTSTP calls
 * posix_terminal_suspend first. */
void posix_take_signal(int sig);

/* Leaves the terminal of platform_terminal_open, lets SIGTSTP stop this process, and enters the terminal again. */
void posix_terminal_suspend(void);

/* Watches blocked signals, of which posix_next_signal misses none from now on. Returns false if the system refuses
 * that. */
bool posix_watch_signals(const sigset_t *signals);

/* Waits up to left_ns for a watched signal. Returns it, or 0 or less if none came. */
int posix_next_signal(const sigset_t *signals, uint64_t left_ns);

/* True if a signal that posix_next_signal returned is still pending. */
extern const bool posix_signals_stay;

struct net_addr;
struct scoped_ip; /* base/dns.h */

/* Converts an address to the form of the system's calls. */
void posix_make_addr(struct net_addr *out, const struct scoped_ip *ip, uint16_t port);

/* Returns the interface number of a zone id ("eth0" of fe80::1%eth0, or a number), or 0. */
uint32_t posix_zone_index(const char *zone);

#endif
