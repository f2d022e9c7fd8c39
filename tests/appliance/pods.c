/* Pods: processes in network namespaces and control groups of their own. Process 1 stays, and runs sockpush as a user
 * without any right, whose lines it reads to see when a poll is over. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/format.h"
#include "helper.h"
#include "pod.h"

#define NOBODY 65534

/* The kubelet's two ways to name a control group: its own, and systemd's. test_pods.py has the same IDs. */
#define WEB "kubepods/burstable/pod01234567-89ab-cdef-0123-456789abcdef/"
#define DB                                     \
    "kubepods.slice/kubepods-burstable.slice/" \
    "kubepods-burstable-podfedcba98_7654_3210_fedc_ba9876543210.slice/cri-containerd-"
#define ID(eight) eight eight eight eight eight eight eight eight

static char console[16384];

static void print(const char *line)
{
    text_format(console, sizeof console, "helper: %s\n", line);
    write(1, console, strlen(console));
}

static void open_few(void)
{
    union address v4 = loopback(AF_INET, 7006), v6 = loopback(AF_INET6, 7006);

    open_listener(AF_INET, 7001, 16);
    wait_for(open_client(AF_INET, 7001), POLLOUT);
    open_bound(&v4, SOCK_DGRAM);
    open_bound(&v4, SOCK_DGRAM);
    open_bound(&v6, SOCK_DGRAM);
}

static void open_one(void)
{
    open_listener(AF_INET, 7001, 16);
}

/* --- sockpush ---------------------------------------------------------------------------- */

/* Tries what any user may read of another one's process: its counters, and not which namespace it is in. */
static void try_rights(const struct pod *pod)
{
    char name[64];

    must(geteuid() == NOBODY && mount("none", "/cgroup", "tmpfs", 0, NULL) && errno == EPERM, "rights are left");
    must(open(proc_path(pod->pid, "net/tcp"), O_RDONLY | O_CLOEXEC) >= 0, "open net/tcp");
    must(readlink(proc_path(pod->pid, "ns/net"), name, sizeof name) < 0 && errno == EACCES, "ns/net can be read");
}

/* Starts sockpush, which writes to `out`. */
static pid_t start_sockpush(int out, const struct pod *pod)
{
    const char *const arguments[] = {"/init", NULL};
    pid_t pid = fork_process();

    if (pid)
        return pid;
    dup2(out, 1);
    for (int capability = 0; !prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);)
        capability++;
    must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    must(!setgroups(0, NULL) && !setresgid(NOBODY, NOBODY, NOBODY) && !setresuid(NOBODY, NOBODY, NOBODY), "setresuid");
    try_rights(pod);
    must(!syscall(SYS_execve, "/init", arguments, environ), "/init");
    _exit(1);
}

/* The lines of sockpush, up to `len`. */
struct output {
    int fd;
    size_t len;
    char text[65536];
};

/* Notes that a namespace has had its listeners read. */
static void note_listeners(const char *line, unsigned *seen)
{
    static const char *const series[] = {"pod_name=web", "pod_name=db", "netns="};

    if (strncmp(line, "netstat_pod,", 12) || !strstr(line, "tcp_listen="))
        return;
    for (unsigned i = 0; i < 3; i++)
        if (strstr(line, series[i]))
            *seen |= 1u << i;
}

/* Copies sockpush's lines to the console, to the end of a poll, which its own counters are. Returns false at the end of
 * all. */
static bool copy_poll(struct output *o, unsigned *seen)
{
    for (;;) {
        char *end = memchr(o->text, '\n', o->len);
        long n;
        bool last;

        if (!end) {
            n = read(o->fd, o->text + o->len, sizeof o->text - o->len);
            if (n <= 0)
                return false;
            o->len += (size_t)n;
            continue;
        }
        *end++ = '\0';
        note_listeners(o->text, seen);
        last = !strncmp(o->text, "sockpush,", 9);
        end[-1] = '\n';
        write(1, o->text, (size_t)(end - o->text));
        o->len -= (size_t)(end - o->text);
        memmove(o->text, end, o->len);
        if (last)
            return true;
    }
}

static void copy_polls(struct output *o, int n)
{
    unsigned seen;

    while (n--)
        must(copy_poll(o, &seen), "sockpush ended");
}

/* --- the test ---------------------------------------------------------------------------- */

/* Prints the kernel's counters of the pod, each line after `when` and the file's name. */
static void print_counters(const struct pod *pod, const char *when)
{
    static const char *const names[] = {"snmp", "snmp6", "netstat"};
    static char text[16384], line[8192];

    for (unsigned i = 0; i < 3; i++) {
        int fd;
        long n;

        text_format(line, sizeof line, "net/%s", names[i]);
        fd = open(proc_path(pod->pid, line), O_RDONLY);
        n = read(fd, text, sizeof text - 1);
        must(n > 0, line);
        close(fd);
        text[n] = '\0';
        for (char *at = text, *end; (end = strchr(at, '\n')); at = end + 1) {
            *end = '\0';
            text_format(line, sizeof line, "%s %s %s", when, names[i], at);
            print(line);
        }
    }
}

/* Ends the pod that has eth0. The kernel moves eth0 back when the namespace ends. A descriptor keeps the namespace as
 * long as it is open. */
static void end_pod(struct output *o, const struct pod *pod)
{
    int kept = open(proc_path(pod->pid, "net/tcp"), O_RDONLY);

    must(kept >= 0, "net/tcp");
    must(!kill(pod->pid, SIGKILL), "kill");
    end_of(pod->pid);
    copy_polls(o, 2);
    print(if_nametoindex("eth0") ? "eth0 is back" : "a descriptor keeps eth0");
    close(kept);
    while (!if_nametoindex("eth0"))
        copy_polls(o, 1);
    print("eth0 is back");
}

void run_pods(void)
{
    static struct output out;
    struct utsname kernel;
    struct pod web, web_server, db, lone;
    char line[128];
    unsigned seen = 0;
    int ends[2];
    pid_t sockpush;

    must((!mkdir("/proc", 0755) || errno == EEXIST) && !mount("none", "/proc", "proc", 0, NULL), "/proc");
    must(!mkdir("/cgroup", 0755) && !mount("none", "/cgroup", "cgroup2", 0, NULL), "/cgroup");
    must(!uname(&kernel), "uname");
    text_format(line, sizeof line, "Linux %s, %s", kernel.release, kernel.version);
    print(line);

    web = start_pod(WEB ID("0123abcd"), "pause", NULL, open_known, NULL);
    usleep(20000); /* the kernel tells when a process started in hundredths of a second */
    web_server = start_pod(WEB ID("4567cdef"), "server", &web, NULL, NULL);
    db = start_pod(DB ID("89ab0123") ".scope", "server", NULL, open_few, make_traffic);
    lone = start_pod(NULL, "server", NULL, open_one, NULL);
    move_device("eth0", lone.pid);
    must(pod_number(&web) == pod_number(&web_server), "one namespace, two numbers");
    must(pod_number(&web) != pod_number(&db) && pod_number(&db) != pod_number(&lone) &&
             pod_number(&lone) != pod_number(&web),
         "one number, two namespaces");
    text_format(line, sizeof line, "netns %llu", (unsigned long long)pod_number(&lone));
    print(line);

    must(!pipe2(ends, O_CLOEXEC), "pipe");
    sockpush = start_sockpush(ends[1], &web);
    close(ends[1]);
    out.fd = ends[0];
    while (seen != 7)
        must(copy_poll(&out, &seen), "sockpush ended");
    copy_polls(&out, 1);
    print_counters(&db, "before");
    ask_pod(&db);
    end_pod(&out, &lone);
    print_counters(&db, "after");
    copy_polls(&out, 2);
    must(!kill(sockpush, SIGTERM), "SIGTERM");
    while (copy_poll(&out, &seen))
        ;
    _exit(end_of(sockpush));
}
