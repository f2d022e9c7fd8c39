/* The contract between the program and an operating system, whose part of networks is net.h. Each folder beside this
 * file implements it; the build links one of them, so src/ never asks which. */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"

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
    PLATFORM_REPORT,   /* somebody asks for the state: SIGUSR1, on POSIX systems */
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

/* --- a terminal ---------------------------------------------------------------- */

/* Enters another screen, if stdout is a terminal that has one; keys are no longer echoed. From now on platform_wait
 * returns PLATFORM_WAKE, too, when the size changes, and when the process goes on after it was suspended. Returns false
 * if nothing was done. */
bool platform_terminal_open(void);

/* Leaves the screen, and restores the terminal. */
void platform_terminal_close(void);

/* Stores the lines and columns of the screen. */
void platform_terminal_size(unsigned *lines, unsigned *columns);

/* Reads a byte of a key that was pressed, without waiting. Returns 1, 0 if there is none, or -1 if there will not be
 * another one. */
int platform_terminal_read(char *out);

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

/* --- descriptors and files --------------------------------------------------- */

/* Writes all of data to a descriptor that is not a socket, and waits even where that is non-blocking. Returns 0 or
 * -errno; *written, unless written is NULL, is the number of bytes written. */
int platform_write(int fd, const void *data, size_t len, size_t *written);

/* Opens stderr anew, so that no line waits for its reader, where the system can. Call it once procfs is there, before
 * the sandbox, in which it is too late. Lines can be written before. */
void platform_open_log(void);

/* Writes a line of at most 2 KiB to stderr. Returns 0, or -errno if the line is lost. */
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
