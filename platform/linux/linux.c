#include "linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/format.h"
#include "platform.h"
#include "posix/posix.h"

enum tcp_state linux_tcp_state(unsigned kernel)
{
    static const uint8_t ours[] = {
        [0] = STATE_UNKNOWN,    [1] = STATE_ESTABLISHED, [2] = STATE_SYN_SENT,  [3] = STATE_SYN_RECV,
        [4] = STATE_FIN_WAIT1,  [5] = STATE_FIN_WAIT2,   [6] = STATE_TIME_WAIT, [7] = STATE_CLOSE,
        [8] = STATE_CLOSE_WAIT, [9] = STATE_LAST_ACK,    [10] = STATE_LISTEN,   [11] = STATE_CLOSING,
        [12] = STATE_SYN_RECV, /* TCP_NEW_SYN_RECV, a request socket */
    };

    return kernel < sizeof ours ? ours[kernel] : STATE_UNKNOWN;
}

/* SYN and FIN take a sequence number each, and the queues are differences of sequence numbers (tcp_get_info of
 * net/ipv4/tcp.c). A FIN comes last, so that it is among whatever is left. */
void linux_set_queues(struct sock *s, uint32_t rx_queue, uint32_t tx_queue)
{
    const unsigned fin_to_read = 1u << STATE_CLOSE_WAIT | 1u << STATE_CLOSING | 1u << STATE_LAST_ACK;
    const unsigned sent = 1u << STATE_SYN_SENT | 1u << STATE_SYN_RECV | 1u << STATE_FIN_WAIT1 | 1u << STATE_CLOSING |
                          1u << STATE_LAST_ACK;
    bool tcp = s->protocol == PROTOCOL_TCP;

    s->known |= SOCK_QUEUE;
    s->rx_queue = rx_queue - (tcp && rx_queue && fin_to_read >> s->state & 1);
    s->tx_queue = tx_queue - (tcp && tx_queue && sent >> s->state & 1);
}

void linux_note_drops(struct sock *s, struct poll_report *report)
{
    report->drops &= s->protocol == PROTOCOL_TCP || s->known & SOCK_DROPS;
    if (!report->drops)
        s->known &= (uint8_t)~SOCK_DROPS;
}

static bool own_proc(const char *proc)
{
    return !strcmp(proc, "/proc");
}

bool linux_net_path(const char *proc, const char *file, char out[LINUX_PATH_MAX])
{
    return text_format(out, LINUX_PATH_MAX, "%s%s/net/%s", proc, own_proc(proc) ? "" : "/1", file);
}

uint64_t platform_cpu_ns(void)
{
    struct timespec used = {0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

long linux_read_at(int dir, const char *path, char *buf, size_t cap)
{
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    long n = fd < 0 ? -1 : read(fd, buf, cap);

    if (n < 0)
        n = -errno;
    close(fd);
    return n;
}

long linux_read(const char *path, char *buf, size_t cap)
{
    return linux_read_at(AT_FDCWD, path, buf, cap);
}

/* Calls statx itself, since the C library's stat also supports older kernels. */
uint64_t linux_inode_at(int dir, const char *path)
{
    struct statx st;

    return syscall(SYS_statx, dir, path, AT_EMPTY_PATH, STATX_INO, &st) ? 0 : st.stx_ino;
}

uint64_t linux_inode(const char *path)
{
    return linux_inode_at(AT_FDCWD, path);
}

/* The inode of /proc/PID/net/tcp belongs to the network namespace, whichever process and mount it is read through, and
 * needs no rights. */
bool linux_own_namespace(const char *proc)
{
    char path[LINUX_PATH_MAX];
    uint64_t own;

    if (own_proc(proc))
        return true;
    own = linux_inode("/proc/net/tcp");
    return own && linux_net_path(proc, "tcp", path) && linux_inode(path) == own;
}

/* Calls rt_sigaction itself, which saves the 600 bytes of the C library's. The kernel's struct begins with the handler,
 * except on MIPS, where it begins with flags and no signal counts as ignored. */
bool posix_signal_ignored(int sig)
{
    uintptr_t found[20] = {0};

    return !syscall(SYS_rt_sigaction, sig, NULL, found, _NSIG / 8) && found[0] == (uintptr_t)SIG_IGN;
}
