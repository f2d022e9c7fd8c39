/* The contract between the program and an operating system. Each folder beside this file implements it; the build links
 * one of them, so src/ never asks which. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- socket tables --------------------------------------------------------- */

struct backend; /* backend.h */

/* The backends that read them, best first, NULL-terminated. */
extern const struct backend *const platform_backends[];

/* Describes what is counted, for the start line: a network namespace seen below proc, or the machine. Returns out. */
const char *platform_view(const char *proc, char *out, size_t cap);

/* The operating system's name in recordings: "linux", "macos", "freebsd", "windows". */
extern const char platform_name[];

/* How far this system's part was tested by those who made this version, for --version. */
extern const char platform_tried[];

/* The C library that is linked, for --version: its name and its version. */
extern const char *const platform_library[2];

/* Returns 0, or -errno if the socket tables below proc cannot be read. */
int platform_proc_check(const char *proc);

struct kernel_reading; /* count/kernel.h */

#define PLATFORM_KERNEL_BUF 16384

/* Reads the kernel's counters, of the network namespace seen below proc, with PLATFORM_KERNEL_BUF bytes of buf. Sets
 * out->known to those that could be read; out is zeroed before. */
void platform_kernel_read(const char *proc, char *buf, struct kernel_reading *out);

struct port_set;
struct recording;

/* Sets *out to the local ports that the system chooses from for connections. It is empty where they are not known:
 * there, or because the sockets below proc are in another network namespace. What is read passes through the recording,
 * or with NULL does not. */
void platform_local_ports(const char *proc, struct recording *recording, struct port_set *out);

/* --- owners ---------------------------------------------------------------- */

/* Receives one socket descriptor: process pid holds the socket with this inode at fd. */
typedef void platform_owner_fn(void *ctx, uint32_t inode, int pid, int fd);

/* Calls fn for each socket descriptor of each process below proc that may be inspected. */
void platform_owner_walk(const char *proc, platform_owner_fn *fn, void *ctx);

/* Returns true if fd of process pid is still the socket with this inode. */
bool platform_owner_holds(const char *proc, int pid, int fd, uint32_t inode);

/* --- network namespaces of other processes ---------------------------------- */

/* Receives a process. mark: another process that gets the same pid has another one. That of a process may change, too,
 * though seldom. */
typedef void platform_process_fn(void *ctx, int pid, uint64_t mark);

/* Calls fn for each process below proc, in the order of their pids. Returns 0 or -errno: -EOPNOTSUPP where no system
 * call tells of other namespaces. */
int platform_process_walk(const char *proc, platform_process_fn *fn, void *ctx);

/* Returns the number of a process' network namespace, which no other one has as long as it exists; or 0 if the process
 * is gone. pid 0 stands for the namespace whose sockets are counted with this proc. */
uint64_t platform_namespace(const char *proc, int pid);

struct pod_identity; /* count/pod.h */
struct pod_reading;
struct sock;

/* Tells whose the process is. Returns false if it is gone. */
bool platform_pod_identity(const char *proc, int pid, uint64_t mark, struct pod_identity *out);

typedef void platform_sock_fn(void *ctx, const struct sock *s, uint64_t n); /* as sock_fn, of count/sock.h */

/* Reads the namespace through a process that is in it, with PLATFORM_KERNEL_BUF bytes of buf, and keeps nothing open.
 * depth: enum pod_depth; with POD_PORTS each socket goes to emit, those of IPv6 first, and of a version the listeners
 * first. Returns 0, or -errno: -ESRCH if the process is gone, or was not in this namespace from the beginning to the
 * end, so that the numbers could be those of another one. */
int platform_pod_read(const char *proc, int pid, uint64_t mark, uint64_t name_space, unsigned depth, char *buf,
                      platform_sock_fn *emit, void *ctx, struct pod_reading *out);

/* Calls fn for each entry of a directory. Returns 0 or -errno. */
typedef void platform_name_fn(void *ctx, const char *name);
int platform_directory_walk(const char *path, platform_name_fn *fn, void *ctx);

/* --- where this process runs ------------------------------------------------- */

#define PLATFORM_CONTAINER_MAX 80

/* Writes the container's name as DogStatsD 1.4 has it: "ci-" and its id, or "in-" and the inode of its cgroup; or "".
 * Returns out. */
const char *platform_container(char out[PLATFORM_CONTAINER_MAX]);

/* --- the sandbox -------------------------------------------------------------- */

struct needs; /* base/needs.h */

#define PLATFORM_SANDBOX_MAX 700

/* Gives up, for good, whatever the program does not need from now on; call it before the first thread starts. Writes
 * what is in force, and why the rest is not. Returns true if all is. */
bool platform_sandbox(const struct needs *needs, char text[PLATFORM_SANDBOX_MAX]);

/* Unmaps the code that only the start needs, which ends with the sandbox. */
void platform_forget_start(void);

/* --- time, signals, host --------------------------------------------------- */

uint64_t platform_monotonic_ns(void); /* since an arbitrary time */
int64_t platform_wall_ms(void);       /* since 1970, UTC */
uint64_t platform_cpu_ns(void);       /* CPU time of this thread; 0 on systems where nothing is sampled */

/* Returns a number from 0 to below - 1, random once the system's random numbers are ready. */
uint32_t platform_random(uint32_t below);

/* Fills out with len random bytes for keys. Waits until the system's random numbers are ready. Returns 0 or -errno. */
int platform_secret(void *out, size_t len);

/* Returns "NAME=value" texts in UTF-8, NULL-terminated. The caller may write into them. */
char **platform_environment(void);

/* Writes the host name, NUL-terminated. Returns 0 or -errno. */
int platform_host_name(char *out, size_t cap);

enum platform_event {
    PLATFORM_DEADLINE, /* the deadline has come */
    PLATFORM_STOP,     /* the program is asked to end */
    PLATFORM_WAKE,     /* platform_wake was called */
};

/* Prepares the process; call it first. Occupies closed standard streams, so that no later descriptor gets their number.
 * Makes signals that end a program PLATFORM_STOP, except a SIGINT or SIGHUP ignored from the start, as under nohup, and
 * writing to a closed pipe an error. If the system refuses that, ends the program with a message. */
void platform_init(void);

/* Restores the defaults of signals and Ctrl-C, which end the program at once. For modes that only print; call it before
 * the first thread starts. */
void platform_end_at_once(void);

/* Does the duties of process 1: reaps children, and mounts procfs at /proc if it is absent. Returns 1 if it mounted, 0,
 * or -errno. */
int platform_first_process(void);

/* Sleeps until deadline_ns of platform_monotonic_ns, or an event. Main thread only. Returns what ended the wait. */
enum platform_event platform_wait(uint64_t deadline_ns);

void platform_sleep_ns(uint64_t ns);

/* Returns in which steps the system wakes a sleeper: 1 ns or so, or its tick, such as 10 ms, where it has no timers of
 * high resolution. */
uint64_t platform_sleep_step_ns(void);

/* Ends the main thread's platform_wait. Any thread. */
void platform_wake(void);

/* --- memory ------------------------------------------------------------------ */

/* Allocates zeroed pages, each resident from its first use on. Returns NULL without memory. The program allocates only
 * at its start and when a backend opens, so it needs no other allocator. */
void *platform_memory_alloc(size_t size);
void platform_memory_free(void *memory, size_t size);

/* Ends the program at once, whatever other threads are doing. */
_Noreturn void platform_exit(int status);

/* Prints why on stderr and ends the program with status 1. */
_Noreturn void platform_die(const char *why);

/* Returns the text of an errno, which is the thread's until its next call. */
const char *platform_error_text(int error);

/* --- certificates ------------------------------------------------------------- */

/* Files that may hold the certificates that the system trusts, PEM, NULL-terminated. */
extern const char *const platform_bundles[];

/* The system's name for its certificate store; "" if it has only files. */
extern const char platform_store[];

/* Receives a certificate of len bytes, DER, valid during the call only. */
typedef void platform_certificate_fn(void *ctx, const unsigned char *der, size_t len);

/* Calls fn for each certificate of the store. Returns 0 or -errno. */
int platform_store_walk(platform_certificate_fn *fn, void *ctx);

/* --- wake-ups --------------------------------------------------------------- */

/* A descriptor that becomes readable when signalled, so that a thread can wait for it and for its socket together. */
struct net_wake {
    int fd[2];
};

/* Opens the descriptors. Returns 0 or -errno. */
int net_wake_open(struct net_wake *w);

/* Makes net_wake_wait return. */
void net_wake_signal(struct net_wake *w);

/* Waits for a signal, for fd (-1: none) to become readable, or for timeout_ms (-1: for ever), and clears signals.
 * Returns true if fd is readable. */
bool net_wake_wait(struct net_wake *w, int fd, int timeout_ms);

#define NET_READY_MAX 48

struct net_ready {
    int fd;     /* -1: none */
    bool ready; /* readable, at its end, or has an error */
};

/* Waits as net_wake_wait does, for up to NET_READY_MAX descriptors together. Sets `ready` of each. Returns how many are
 * ready. */
int net_wake_wait_any(struct net_wake *w, struct net_ready *of, int n, int timeout_ms);

/* --- network ---------------------------------------------------------------- */

/* An address of any family, as the operating system's calls take it. */
struct net_addr {
    _Alignas(8) unsigned char bytes[128]; /* struct sockaddr_storage */
    uint32_t len;
};

/* Looks up a host: literals (with a zone id, too: fe80::1%eth0) and "localhost" at once, other names as the system is
 * configured. Returns the number of addresses, 1 to max, in the order to try, or a negative error for
 * net_resolve_error. Blocks for up to timeout_ms; on Windows as long as its resolver does, some 11 s. */
int net_resolve(const char *host, uint16_t port, struct net_addr *out, int max, int timeout_ms);

/* Returns the text of net_resolve's error. */
const char *net_resolve_error(int error);

/* Makes the address of a Unix socket: an absolute path, or "@name" for an abstract one. Returns 0, -ENAMETOOLONG, or
 * -EAFNOSUPPORT if the system does not have such sockets. */
int net_unix_addr(const char *path, struct net_addr *out);

/* Connects a socket to addr within timeout_ms (streams; 0: at once or not at all, for local ones). Returns the
 * non-blocking socket, or -errno: -ECONNREFUSED, too, if the kernel connected it to itself, as it may where nobody
 * listens on a port that clients get. */
int net_connect(const struct net_addr *addr, bool stream, int timeout_ms);

/* Sends one datagram. Returns 0 or -errno, -ETIMEDOUT if the kernel does not accept it for timeout_ms. */
int net_send(int fd, const void *data, size_t len, int timeout_ms);

/* Returns the bytes of the longest datagram that this connected socket's path carries in one packet; 0: not known. */
size_t net_datagram_max(int fd);

struct ip; /* base/ip.h */

/* Reads the addresses that this connected socket sends from and to. */
void net_ends(int fd, struct ip *from, struct ip *to);

/* Send or receive what is possible without waiting. Return the number of bytes, 0 at the end of the stream, -EAGAIN, or
 * another -errno. */
long net_send_some(int fd, const void *data, size_t len);
long net_receive_some(int fd, void *data, size_t len);

/* Wait until fd is readable or writable. Return false after timeout_ms. */
bool net_wait_readable(int fd, int timeout_ms);
bool net_wait_writable(int fd, int timeout_ms);

/* Returns 0, or -errno of a datagram socket's pending error, as after a refused datagram. */
int net_pending_error(int fd);

/* Ends this side of a stream; what was sent before is still delivered. Returns 0 or -errno. */
int net_finish(int fd);

/* Reads how many bytes of a stream its peer's kernel has not acknowledged; an upper bound for others than TCP. Returns
 * 0, or -errno if the system does not report it. */
int net_unacked(int fd, uint64_t *bytes);

/* Sets up a TCP socket: no delay, keep-alive, and at most silence_ms for an acknowledgement, where the system can. */
void net_tcp_setup(int fd, unsigned silence_ms);

/* Returns the bytes that the peer accepts after the last one acknowledged (its window); -1: not reported. */
int64_t net_tcp_window(int fd);

/* Sends as net_send_some does. Where the system can, these bytes share no segment with others, and are split only if
 * they exceed a segment. */
long net_tcp_send(int fd, const void *data, size_t len);

/* Closes a stream, and discards what was not delivered yet. */
void net_abort(int fd);

void net_close(int fd);

/* --- receiving -------------------------------------------------------------- */

/* Windows has no functions of this part: those that may fail return -EOPNOTSUPP. */

/* Opens a socket that receives datagrams at addr, and asks for a receive buffer of *buffer bytes. Sets *buffer to the
 * bytes given: at most the double of what was asked on Linux, which counts its own overhead, too. Returns the
 * non-blocking socket, or -errno. */
int net_bind(const struct net_addr *addr, unsigned *buffer);

/* Opens a socket that accepts streams at addr. Returns it, non-blocking, or -errno. */
int net_listen(const struct net_addr *addr);

/* Accepts the next stream. Returns its non-blocking socket, -EAGAIN if none waits, or another -errno. */
int net_accept(int fd);

#define NET_BATCH        16
#define NET_DATAGRAM_MAX 8192

/* Received datagrams. Room that none has used is not resident, if it was not before. */
struct net_batch {
    char bytes[NET_BATCH][NET_DATAGRAM_MAX];
    uint16_t len[NET_BATCH];
    bool cut[NET_BATCH]; /* the datagram was longer: its end is lost */
};

/* Receives the datagrams that wait, at most NET_BATCH. Only those are set in *out. Returns their number, -EAGAIN if
 * none waits, or another -errno. */
int net_receive_batch(int fd, struct net_batch *out);

/* The receive queue of a socket. */
struct net_queue {
    uint32_t used, limit; /* bytes, the kernel's own overhead included */
    uint32_t drops;       /* datagrams for which there was no room, since the start, modulo 2^32 */
};

/* Reads the queue of a UDP socket. Returns false if the system does not report it; then *out is undefined. */
bool net_queue_read(int fd, struct net_queue *out);

/* The file that a bound Unix socket has. */
struct net_file {
    uint64_t device, inode;
};

/* Remove or set up the file of a Unix socket. Abstract names ("@name") have no file, and all is well. */

/* Removes the socket that a program left behind at path. Returns 0, also if path does not exist; -EADDRINUSE if a
 * program has the socket; -EEXIST if path is no socket; or another -errno. Two programs that start at once may both
 * remove it. */
int net_unix_remove_stale(const char *path);

/* Lets everyone send to the socket at path, which this process has bound: mode 0722. Sets *file to recognise it later.
 * Returns 0 or -errno. */
int net_unix_open_to_all(const char *path, struct net_file *file);

/* Returns true if path leads to this file, however it is spelled. */
bool net_unix_leads_to(const char *path, const struct net_file *file);

/* Removes the socket at path if it is still this file. */
void net_unix_remove(const char *path, const struct net_file *file);

/* --- descriptors and files --------------------------------------------------- */

/* Writes all of data to a descriptor that is not a socket, and waits even where that is non-blocking. Returns 0 or
 * -errno; *written, unless written is NULL, is the number of bytes written. */
int platform_write(int fd, const void *data, size_t len, size_t *written);

/* Writes a line of at most 2 KiB to stderr, without waiting for its reader where the system can. Returns 0, or -errno
 * if the line is lost. */
int platform_write_log(const char *line, size_t len);

/* Returns true if text has the form of an absolute path here, and of nothing else. */
bool platform_is_path(const char *text);

/* Opens a file to read. create: creates one to write, for its owner only (on Windows as its folder allows); -EEXIST if
 * path exists. Returns a descriptor for the functions here, or -errno. */
int platform_file_open(const char *path, bool create);

void platform_file_close(int fd);

/* Reads len bytes. Returns fewer at the end of the file, or -errno. */
long platform_file_read(int fd, void *out, size_t len);

#endif
