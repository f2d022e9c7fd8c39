/* Looks at other network namespaces through the processes in them. /proc/PID/net needs no right, if the process is
 * visible. A descriptor below it that stays open keeps the namespace alive, with its devices: each is closed at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/format.h"
#include "count/pod.h"
#include "kernel_parse.h"
#include "linux.h"
#include "platform.h"
#include "pod_parse.h"
#include "posix/lines.h"
#include "procfs.h"
#include "sockstat_parse.h"

/* The kernel prints rows until they fill what is read, and finds the next one before it returns. To find one that does
 * not listen it may walk through the sockets of the whole host, so few are asked for. */
#define LISTENERS_BUF 512

/* --- processes -------------------------------------------------------------- */

struct process_walk {
    platform_process_fn *fn;
    void *ctx;
};

static void take_process(void *ctx, int dir, const struct linux_entry *entry)
{
    const struct process_walk *w = ctx;
    int pid = linux_entry_number(entry);

    (void)dir;
    if (pid > 0)
        w->fn(w->ctx, pid, entry->inode);
}

/* The kernel numbers the inode of /proc/PID when it makes it, for one process and as long as it is cached
 * (proc_pid_make_inode and pid_revalidate, fs/proc/base.c). */
int platform_process_walk(const char *proc, platform_process_fn *fn, void *ctx)
{
    struct process_walk w = {fn, ctx};

    return linux_walk(linux_open_directory(AT_FDCWD, proc), take_process, &w);
}

/* Opens /proc/PID, so that whatever is opened below it is this process', though another may have its pid by then.
 * Returns a descriptor, or -errno: -ESRCH if no process of this mark is there. */
static int open_process(const char *proc, int pid, uint64_t mark)
{
    char path[LINUX_PATH_MAX];
    int dir;

    if (!text_format(path, sizeof path, "%s/%d", proc, pid))
        return -ENAMETOOLONG;
    dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    if (linux_inode_at(dir, "") == mark)
        return dir;
    close(dir);
    return -ESRCH;
}

/* A linux_entry_fn: opens the first thread whose namespace can be seen. */
static void open_thread(void *ctx, int dir, const struct linux_entry *entry)
{
    int *found = ctx, thread;

    if (*found >= 0 || linux_entry_number(entry) < 0)
        return;
    thread = openat(dir, entry->name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (linux_inode_at(thread, "net/tcp"))
        *found = thread;
    else
        close(thread);
}

/* Opens a thread below the directory "task" of a process, at a path that may begin at the directory `at`. The main
 * thread may end before the others, and then /proc/PID has neither net nor a command line. Returns a descriptor, which
 * has the files of /proc/PID, or -1. */
static int open_other_thread(int at, const char *path)
{
    int thread = -1;

    linux_walk(linux_open_directory(at, path), open_thread, &thread);
    return thread;
}

/* --- namespaces, owners ------------------------------------------------------ */

/* The inode of net/tcp belongs to the network namespace: see linux_own_namespace. */
uint64_t platform_namespace(const char *proc, int pid)
{
    char path[LINUX_PATH_MAX];
    bool fits = pid ? text_format(path, sizeof path, "%s/%d/net/tcp", proc, pid) : linux_net_path(proc, "tcp", path);
    uint64_t number = fits ? linux_inode(path) : 0;
    int thread;

    if (number || !pid || !text_format(path, sizeof path, "%s/%d/task", proc, pid))
        return number;
    thread = open_other_thread(AT_FDCWD, path);
    number = linux_inode_at(thread, "net/tcp");
    close(thread);
    return number;
}

/* A line_fn. */
static int take_cgroup(void *ctx, const char *line, size_t len)
{
    pod_parse_cgroup(line, len, ctx);
    return 0;
}

/* The start time is read last: while it can be, the process is there. */
bool platform_pod_identity(const char *proc, int pid, uint64_t mark, struct pod_identity *out)
{
    static const char pause[] = "pause\n";
    char buf[4096];
    int dir = open_process(proc, pid, mark), fd, thread;
    long n;

    memset(out, 0, sizeof *out);
    if (dir < 0)
        return false;
    fd = openat(dir, "cgroup", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        lines_read(fd, NULL, buf, sizeof buf, take_cgroup, out);
    close(fd);
    n = linux_read_at(dir, "comm", buf, sizeof buf);
    out->sandbox = n == sizeof pause - 1 && !memcmp(buf, pause, sizeof pause - 1);
    n = linux_read_at(dir, "cmdline", buf, sizeof buf);
    if (!n && (thread = open_other_thread(dir, "task")) >= 0) {
        n = linux_read_at(thread, "cmdline", buf, sizeof buf);
        close(thread);
    }
    out->guest = n > 0 && pod_parse_guest(buf, (size_t)n);
    out->sandbox |= !n || (n > 0 && !*buf);
    n = linux_read_at(dir, "stat", buf, sizeof buf);
    close(dir);
    return n > 0 && pod_parse_start(buf, (size_t)n, &out->started);
}

/* --- counters ---------------------------------------------------------------- */

/* A reading under way. */
struct reader {
    int dir; /* of the process */
    char *text;
    struct pod_reading *out;
    sock_fn *emit; /* NULL: sockets are only counted */
    void *ctx;
};

/* Reads net/FILE. Returns its bytes, or -errno. */
static long read_file(const struct reader *r, const char *file)
{
    char path[16];

    text_format(path, sizeof path, "net/%s", file);
    return linux_read_at(r->dir, path, r->text, PLATFORM_KERNEL_BUF);
}

static void take_sockstat(const struct reader *r, size_t len, const char *tcp, const char *udp, struct pod_family *f)
{
    sockstat_parse(r->text, len, tcp, "inuse", &f->tcp_inuse);
    sockstat_parse(r->text, len, udp, "inuse", &f->count[FIELD_UDP]);
}

/* Reads the files of counters. Returns 0 or -errno. */
static int read_counters(const struct reader *r)
{
    struct pod_reading *out = r->out;
    long n = read_file(r, "sockstat6");

    if (n < 0 && n != -ENOENT) /* it is absent where the kernel has no IPv6, and so is snmp6 */
        return (int)n;
    out->ipv6 = n >= 0;
    if (out->ipv6)
        take_sockstat(r, (size_t)n, "TCP6:", "UDP6:", &out->family[1]);
    for (enum kernel_file i = 0; i < NET_FILES; i++) {
        if (i == NET_SNMP6 && !out->ipv6)
            continue;
        n = read_file(r, kernel_file_name[i]);
        if (n < 0)
            return (int)n;
        kernel_parse(i, r->text, (size_t)n, &out->kernel);
        if (i == NET_SOCKSTAT) {
            take_sockstat(r, (size_t)n, "TCP:", "UDP:", &out->family[0]);
            sockstat_parse(r->text, (size_t)n, "TCP:", "tw", &out->time_wait);
        } else if (i == NET_SNMP) {
            snmp_parse(r->text, (size_t)n, "Tcp:", "CurrEstab", &out->current);
        }
    }
    out->kernel.known &= ~((1u << KERNEL_GAUGES) - 1) | 1u << SOCKETS_USED; /* the others are the machine's */
    return 0;
}

/* --- tables ------------------------------------------------------------------- */

/* A sock_fn that counts a row, and emits it. UDP's sockets are counted already. */
static void take_row(void *ctx, const struct sock *s, uint64_t n)
{
    const struct reader *r = ctx;
    struct pod_family *f = &r->out->family[s->ip_version == 6];

    if (s->protocol == PROTOCOL_TCP) {
        f->count[s->state] += n;
        f->accept_queue += s->state == STATE_LISTEN ? s->rx_queue : 0;
    }
    if (r->emit)
        r->emit(r->ctx, s, n);
}

/* Reads a table. Returns 0 or -errno. */
static int read_table(struct reader *r, enum protocol protocol, const char *path, bool only_listeners)
{
    struct poll_report report = {.drops = false};
    struct procfs_table t = {protocol, .only_listeners = only_listeners, .emit = take_row, .ctx = r, .report = &report};
    int fd = openat(r->dir, path, O_RDONLY | O_CLOEXEC);
    long n;

    if (fd < 0)
        return -errno;
    n = lines_read(fd, NULL, r->text, only_listeners ? LISTENERS_BUF : PLATFORM_KERNEL_BUF, procfs_take_line, &t);
    close(fd);
    return n < 0 ? (int)n : t.header_read ? 0 : -ENODATA;
}

/* Reads the tables that can have rows of interest. Those of one that listens are in tcp_inuse, and so is what waits for
 * it; TIME_WAIT is apart. IPv6 is first: a connection by IPv4 to a listener of IPv6 is in its table, too, so that
 * either table has the listeners of its connections. */
static int read_tables(struct reader *r, unsigned depth)
{
    static const char path[PROTOCOL_COUNT][2][9] = {{"net/tcp", "net/tcp6"}, {"net/udp", "net/udp6"}};
    const struct pod_reading *out = r->out;
    int ret = 0;

    for (int v = 1; v >= 0 && !ret; v--)
        if (out->family[v].tcp_inuse || (depth >= POD_SOCKETS && out->time_wait && (!v || out->ipv6)))
            ret = read_table(r, PROTOCOL_TCP, path[PROTOCOL_TCP][v], depth == POD_LISTENERS);
    for (int v = 1; v >= 0 && !ret; v--)
        if (r->emit && out->family[v].count[FIELD_UDP])
            ret = read_table(r, PROTOCOL_UDP, path[PROTOCOL_UDP][v], false);
    return ret;
}

int platform_pod_read(const char *proc, int pid, uint64_t mark, uint64_t name_space, unsigned depth, char *buf,
                      platform_sock_fn *emit, void *ctx, struct pod_reading *out)
{
    struct reader r = {.dir = open_process(proc, pid, mark), .text = buf, .out = out, .ctx = ctx};
    uint64_t number;
    int ret = -ESRCH;

    memset(out, 0, sizeof *out);
    r.emit = depth == POD_PORTS ? emit : NULL;
    if (r.dir < 0)
        return r.dir;
    number = linux_inode_at(r.dir, "net/tcp");
    if (!number) {
        int process = r.dir;

        r.dir = open_other_thread(process, "task");
        close(process);
        number = linux_inode_at(r.dir, "net/tcp");
    }
    if (number == name_space) {
        ret = read_counters(&r);
        if (!ret && depth != POD_COUNTERS)
            ret = read_tables(&r, depth);
    }
    /* an error may be the end of the process, too */
    if (linux_inode_at(r.dir, "net/tcp") != name_space)
        ret = -ESRCH;
    close(r.dir);
    return ret;
}
