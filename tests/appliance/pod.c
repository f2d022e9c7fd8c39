/* A process in a network namespace and a control group. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "helper.h"
#include "pod.h"

const char *proc_path(pid_t pid, const char *file)
{
    static char path[64];

    text_format(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return path;
}

pid_t fork_process(void)
{
#ifdef SYS_fork /* arm64 has none */
    pid_t pid = (pid_t)syscall(SYS_fork);
#else
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
#endif

    must(pid >= 0, "fork");
    return pid;
}

int end_of(pid_t pid)
{
    int status;

    must(wait4(pid, &status, 0, NULL) == pid, "wait4");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void make_group(const char *name, char path[256])
{
    text_format(path, 256, "/cgroup/%s/cgroup.procs", name);
    for (char *slash = path + 8; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        must(!mkdir(path, 0755) || errno == EEXIST, path);
    }
}

static void join_group(const char *path)
{
    int fd = open(path, O_WRONLY);

    must(write(fd, "0", 1) == 1, path);
    close(fd);
}

struct pod start_pod(const char *group, const char *command, const struct pod *other, void (*first)(void),
                     void (*later)(void))
{
    char path[256], byte = 0;
    int pair[2], name_space;
    struct pod pod;

    if (group)
        make_group(group, path);
    must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    pod = (struct pod){fork_process(), pair[1]};
    if (!pod.pid) {
        if (group)
            join_group(path);
        name_space = other ? open(proc_path(other->pid, "ns/net"), O_RDONLY) : -1;
        must(!(other ? setns(name_space, CLONE_NEWNET) : unshare(CLONE_NEWNET)), "a network namespace");
        prctl(PR_SET_NAME, command);
        for (bring_up("lo", NULL, NULL);; first = later) {
            if (first)
                first();
            write(pair[0], &byte, 1);
            must(read(pair[0], &byte, 1) == 1, "a pod's control");
        }
    }
    close(pair[0]);
    must(read(pod.control, &byte, 1) == 1, command);
    return pod;
}

void ask_pod(const struct pod *pod)
{
    char byte = 0;

    write(pod->control, &byte, 1);
    must(read(pod->control, &byte, 1) == 1, "a pod's answer");
}

uint64_t pod_number(const struct pod *pod)
{
    struct stat s;

    must(!stat(proc_path(pod->pid, "net/tcp"), &s), "net/tcp");
    return s.st_ino;
}
