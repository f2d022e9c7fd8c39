/* The one contract between the program and an operating system. Each folder beside this
 * file implements it; the build links one, so src/ never asks which. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- socket tables --------------------------------------------------------- */

struct backend; /* backend.h */

/* The ways to read them, best first, NULL-terminated. */
extern const struct backend *const platform_backends[];

/* What proc (where procfs is mounted; unused elsewhere) and this process are looking at,
 * in words, for the start line. Returns out. */
const char *platform_view(const char *proc, char *out, size_t cap);

/* Of the operating system, in recordings: "linux", "macos", "freebsd". */
extern const char platform_name[];

/* How far this system's part was tried by those who made this version, for --version. */
extern const char platform_tried[];

/* 0, or -errno if the socket tables cannot be read below proc. */
int platform_proc_check(const char *proc);

/* --- owners ---------------------------------------------------------------- */

/* Process pid holds the socket with this inode at descriptor fd. */
typedef void platform_owner_fn(void *ctx, uint32_t inode, int pid, int fd);

/* Calls fn for each socket descriptor of each process that may be looked at. */
void platform_owner_walk(const char *proc, platform_owner_fn *fn, void *ctx);

/* True if that descriptor still is that socket. */
bool platform_owner_holds(const char *proc, int pid, int fd, uint32_t inode);

/* --- where this process runs ------------------------------------------------- */

#define PLATFORM_CONTAINER_MAX 80

/* The container this process is in, as DogStatsD 1.4 names it: "ci-" and its id, or "in-"
 * and the inode of its cgroup; "" where neither is known. Returns out. */
const char *platform_container(char out[PLATFORM_CONTAINER_MAX]);

/* --- time, signals, host --------------------------------------------------- */

uint64_t platform_monotonic_ns(void);
int64_t platform_wall_ms(void); /* since 1970, UTC */

/* In 0 … below-1, from the system's random numbers where they are ready. */
uint32_t platform_random(uint32_t below);

/* For keys: len bytes from the system's random numbers, waiting until they are ready. 0 or -errno. */
int platform_secret(void *out, size_t len);

/* "NAME=value", NULL-terminated, in UTF-8; the caller may write into the texts. */
char **platform_environment(void);

/* Host name into out, NUL-terminated. 0 or -errno. */
int platform_host_name(char *out, size_t cap);

enum platform_event {
    PLATFORM_DEADLINE, /* the time has come */
    PLATFORM_STOP,     /* the program is asked to end */
    PLATFORM_WAKE,     /* platform_wake was called */
};

/* First of all: standard streams that are closed are taken, so that no other descriptor
 * gets their number; signals that end the program become PLATFORM_STOP for platform_wait,
 * in every thread, but for a SIGINT or SIGHUP that was ignored from the start, as under
 * nohup; writing to a closed pipe becomes an error. Ends the program, with words, where that is refused. */
void platform_init(void);

/* Gives signals and Ctrl-C their default back: the program ends at once. Called before the first thread starts, by
 * modes that only print. */
void platform_end_at_once(void);

/* Of process 1, for which nobody else does it: reaps what ends, and mounts procfs at /proc if
 * there is none. 1: did so, 0: had not to, or -errno. */
int platform_first_process(void);

/* Sleeps until a time of platform_monotonic_ns, or an event. Main thread only. */
enum platform_event platform_wait(uint64_t deadline_ns);

void platform_sleep_ns(uint64_t ns);

/* Ends the main thread's platform_wait. Any thread. */
void platform_wake(void);

/* --- memory ------------------------------------------------------------------ */

/* Zeroed pages, resident from their first use on, or NULL. The program takes memory at
 * its start and when a backend opens, so it needs no allocator. */
void *platform_memory_alloc(size_t size);
void platform_memory_free(void *memory, size_t size);

/* At once, whatever other threads are in. */
_Noreturn void platform_exit(int status);

/* Says why on stderr and ends the program with status 1. */
_Noreturn void platform_die(const char *why);

/* An errno in words, the thread's own until its next call. */
const char *platform_error_text(int error);

/* --- certificates ------------------------------------------------------------- */

/* Files that may hold those of the authorities that the system trusts, PEM; NULL-terminated. */
extern const char *const platform_bundles[];

/* What the system calls the place where it keeps them otherwise; "": it has none. */
extern const char platform_store[];

/* Takes a certificate of len bytes, DER, good during the call only. */
typedef void platform_certificate_fn(void *ctx, const unsigned char *der, size_t len);

/* Calls fn for each certificate there. 0 or -errno. */
int platform_store_walk(platform_certificate_fn *fn, void *ctx);

/* --- wake-ups --------------------------------------------------------------- */

/* A descriptor that becomes readable when signalled, so that a thread can wait for it
 * and for its socket together. */
struct net_wake {
    int fd[2];
};

int net_wake_open(struct net_wake *w); /* 0 or -errno */
void net_wake_signal(struct net_wake *w);

/* Waits for a signal, or for fd (-1: none) to become readable, or timeout_ms (-1: for
 * ever). Takes the signals. True if fd is readable. */
bool net_wake_wait(struct net_wake *w, int fd, int timeout_ms);

/* --- network ---------------------------------------------------------------- */

/* An address of any family, as the operating system's calls take it. */
struct net_addr {
    _Alignas(8) unsigned char bytes[128]; /* struct sockaddr_storage */
    uint32_t len;
};

/* Looks a host up: literals (with a zone id, too: fe80::1%eth0) and "localhost" at once,
 * other names as the system has them. The number of addresses (1 … max, in the order to
 * try) or a negative error for net_resolve_error. May block, for up to timeout_ms; on
 * Windows for as long as its own resolver does, some 11 s. */
int net_resolve(const char *host, uint16_t port, struct net_addr *out, int max, int timeout_ms);

/* In words, what net_resolve returned. */
const char *net_resolve_error(int error);

/* path: absolute, or "@name" for an abstract name. 0, -ENAMETOOLONG, or -EAFNOSUPPORT: the system has none such. */
int net_unix_addr(const char *path, struct net_addr *out);

/* A non-blocking socket connected to addr, after at most timeout_ms (streams; 0: at once or
 * not at all, for local ones), or -errno. -ECONNREFUSED, too, if the kernel connected it to itself, which
 * happens where nobody listens and addr's port is among those it gives to clients. */
int net_connect(const struct net_addr *addr, bool stream, int timeout_ms);

/* Hands over one datagram. 0 or -errno; -ETIMEDOUT if the kernel does not take it for timeout_ms. */
int net_send(int fd, const void *data, size_t len, int timeout_ms);

/* Bytes of the longest datagram that the path of this connected socket takes in one packet, as far as the kernel knows
 * it; 0: it does not tell. */
size_t net_datagram_max(int fd);

struct ip; /* base/ip.h */

/* Reads the addresses that this connected socket sends from and to. */
void net_ends(int fd, struct ip *from, struct ip *to);

/* What a stream takes at once, or gives: the bytes, 0 at its end, -EAGAIN, or another -errno. */
long net_send_some(int fd, const void *data, size_t len);
long net_receive_some(int fd, void *data, size_t len);

/* Waits until fd can be read from, or written to, or timeout_ms are over; false: they are. */
bool net_wait_readable(int fd, int timeout_ms);
bool net_wait_writable(int fd, int timeout_ms);

/* 0, or -errno of what befell a datagram socket since (a refused datagram). */
int net_pending_error(int fd);

/* Ends this side of a stream; what was sent before is still delivered. 0 or -errno. */
int net_finish(int fd);

/* *bytes of a stream that its peer's kernel has not acknowledged; an upper bound for others than TCP. 0, or -errno: the
 * system does not tell. */
int net_unacked(int fd, uint64_t *bytes);

/* TCP: no delay, keep-alive, and so long for an acknowledgement, where the system lets that be set. */
void net_tcp_setup(int fd, unsigned silence_ms);

/* The peer's window: bytes that it takes after the last one acknowledged. -1: the system does not tell. */
int64_t net_tcp_window(int fd);

/* As net_send_some; where the system can, no byte before or after is put into one segment
 * with these, which are parted only if they are more than a segment. */
long net_tcp_send(int fd, const void *data, size_t len);

/* Closes a stream so that what was not delivered yet never will be. */
void net_abort(int fd);

void net_close(int fd);

/* All of data to a descriptor that is not a socket, blocking even where that is not. 0 or -errno; *written (or NULL):
 * the bytes that were taken. */
int platform_write(int fd, const void *data, size_t len, size_t *written);

/* A line of at most 2 KiB to stderr, without waiting for whoever reads it, where the system can. 0 or -errno: it is
 * lost. */
int platform_write_log(const char *line, size_t len);

/* True if text has the form of an absolute path here, and of nothing else. */
bool platform_is_path(const char *text);

/* Opens a file to read, or creates one that only its owner may read, or on Windows who may
 * read its folder's; -EEXIST if there is anything at path. A descriptor for platform_write and platform_file_close, or
 * -errno. */
int platform_file_open(const char *path, bool create);

void platform_file_close(int fd);

/* The bytes read: less than len at the end of the file; or -errno. */
long platform_file_read(int fd, void *out, size_t len);

#endif
