/* A process in a network namespace and a control group, as that of a pod. */
#ifndef POD_H
#define POD_H

#include <stdint.h>
#include <sys/types.h>

struct pod {
    pid_t pid;
    int control; /* a byte asks for what the pod does later, and one tells that something is done */
};

/* Returns the path of a file below /proc/PID. The next call overwrites it. */
const char *proc_path(pid_t pid, const char *file);

/* Does as fork(), which the build's musl has not. */
pid_t fork_process(void);

/* Waits for the end of a process. Returns its status; 1 if a signal ended it. */
int end_of(pid_t pid);

/* Starts a process in a control group below /cgroup, unless that is NULL, and in the network namespace of `other`, or
 * in a new one. Returns when the process is done with `first`. It does `later` when it is asked to. Both may be NULL.
 */
struct pod start_pod(const char *group, const char *command, const struct pod *other, void (*first)(void),
                     void (*later)(void));

/* Lets the process do what it does later. Returns when that is done. */
void ask_pod(const struct pod *pod);

/* Returns the number that tells network namespaces apart without a right: the inode of net/tcp. */
uint64_t pod_number(const struct pod *pod);

#endif
