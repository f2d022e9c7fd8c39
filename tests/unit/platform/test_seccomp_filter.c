/* The filter of system calls, judged by an interpreter of its own that follows net/core/filter.c. */
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h>

#include "base/needs.h"
#include "seccomp_filter.h"
#include "unit/helper.h"

#define SELF      4711
#define CALLS_MAX 6000 /* MIPS' begin at 4000 */

static struct sock_filter filter[SECCOMP_FILTER_MAX];
static unsigned n, calls;

static void filter_of(unsigned parts)
{
    n = seccomp_filter(PART_ALL | parts, SELF, filter, &calls);
    assert_in_range(n, 5, SECCOMP_FILTER_MAX);
}

/* Returns the filter's action. Fails for an instruction that the kernel would refuse, or that leads out. */
static uint32_t run(const struct seccomp_data *data)
{
    uint32_t a = 0, word;

    for (unsigned at = 0; at < n; at++) {
        const struct sock_filter *f = &filter[at];

        switch (f->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(f->k % 4 == 0 && f->k + 4 <= sizeof *data);
            memcpy(&word, (const char *)data + f->k, sizeof word);
            a = word;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K: at += a == f->k ? f->jt : f->jf; break;
        case BPF_JMP | BPF_JSET | BPF_K: at += a & f->k ? f->jt : f->jf; break;
        case BPF_RET | BPF_K: return f->k;
        default: fail();
        }
    }
    fail();
    return 0;
}

static struct seccomp_data call_of(int number)
{
    struct seccomp_data data = {.nr = number};

    data.arch = filter[1].k; /* the architecture that the filter asks for */
    return data;
}

/* Returns true if the call is allowed, false if it kills the process: not a thread, nor with an errno. */
static bool judge(const struct seccomp_data *data)
{
    uint32_t action = run(data);

    assert_true(action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_KILL_PROCESS);
    return action == SECCOMP_RET_ALLOW;
}

static bool allows(int number, unsigned argument, uint64_t value)
{
    struct seccomp_data data = call_of(number);

    data.args[argument] = value;
    return judge(&data);
}

static bool allows_socket(uint64_t family, uint64_t type, uint64_t protocol)
{
    struct seccomp_data data = call_of(__NR_socket);

    data.args[0] = family;
    data.args[1] = type;
    data.args[2] = protocol;
    return judge(&data);
}

/* Returns how many numbers are allowed with some argument. */
static unsigned count_allowed(void)
{
    static const uint64_t values[] = {0, 1, 2, 3, AF_INET6, AF_NETLINK, SIOCOUTQ, SIOCGIFINDEX, CLONE_THREAD, SELF};
    unsigned found = 0;

    for (int number = 0; number < CALLS_MAX; number++) {
        bool any = false;

        for (unsigned i = 0; i < COUNT_OF(values) && !any; i++)
            for (unsigned argument = 0; argument < 3 && !any; argument++)
                any = allows(number, argument, values[i]);
        found += any;
    }
    return found;
}

static void what_every_program_calls_is_allowed(void **state)
{
    static const int number[] = {__NR_read,   __NR_write,          __NR_close, __NR_statx,           __NR_munmap,
                                 __NR_getpid, __NR_rt_sigprocmask, __NR_exit,  __NR_exit_group,      __NR_uname,
                                 __NR_pipe2,  __NR_getrandom,      __NR_futex, __NR_restart_syscall, __NR_ppoll};

    (void)state;
    filter_of(0);
    for (unsigned i = 0; i < COUNT_OF(number); i++)
        assert_true(allows(number[i], 0, UINT64_MAX));
    assert_true(allows(-1, 0, 0)); /* a call that a tracer skips */
    assert_int_equal(count_allowed(), calls);
}

static void what_no_program_calls_is_killed(void **state)
{
    static const int number[] = {__NR_execve, __NR_execveat, __NR_ptrace,  __NR_bind,
                                 __NR_listen, __NR_prctl,    __NR_setuid,  __NR_mount,
                                 __NR_bpf,    __NR_sendmsg,  __NR_unshare, __NR_process_vm_writev};

    (void)state;
    filter_of(UINT16_MAX);
    for (unsigned i = 0; i < COUNT_OF(number); i++)
        for (uint64_t value = 0; value < 64; value++)
            assert_false(allows(number[i], 0, value));
    assert_int_equal(count_allowed(), calls);
}

static void each_part_adds_its_calls(void **state)
{
    static const struct {
        unsigned part;
        int number;
        unsigned argument;
        uint64_t value;
    } row[] = {
        {PART_INET, __NR_socket, 0, AF_INET},     {PART_INET, __NR_socket, 0, AF_INET6},
        {PART_UNIX, __NR_socket, 0, AF_UNIX},     {PART_NETLINK, __NR_socket, 0, AF_NETLINK},
        {PART_INET, __NR_connect, 0, 3},          {PART_UNIX, __NR_connect, 0, 3},
        {PART_NETLINK, __NR_sendto, 0, 3},        {PART_NETLINK, __NR_recvfrom, 0, 3},
        {PART_STREAM, __NR_shutdown, 0, 3},       {PART_STREAM, __NR_ioctl, 1, SIOCOUTQ},
        {PART_INET, __NR_ioctl, 1, SIOCGIFINDEX}, {PART_LISTEN, __NR_recvmmsg, 0, 3},
        {PART_ACCEPT, __NR_accept4, 0, 3},        {PART_REMOVE, __NR_unlinkat, 0, 3},
        {PART_NOTIFY, __NR_sendto, 0, 3},         {PART_OWNERS, __NR_getdents64, 0, 3},
        {PART_PODS, __NR_getdents64, 0, 3},       {PART_TERMINAL, __NR_ioctl, 1, TCGETS},
        {PART_TERMINAL, __NR_ioctl, 1, TCSETS},   {PART_TERMINAL, __NR_ioctl, 1, TIOCGWINSZ},
#ifdef __NR_socketcall
        {PART_OLD_CALLS, __NR_socketcall, 0, 1},
#endif
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(row); i++) {
        filter_of(0);
        assert_false(allows(row[i].number, row[i].argument, row[i].value));
        filter_of(row[i].part);
        assert_true(allows(row[i].number, row[i].argument, row[i].value));
    }
}

/* The kernel takes the lower half of these arguments alone: int, or flags of 32 bits. */
static void arguments_are_looked_at(void **state)
{
    const uint64_t upper = UINT64_C(1) << 32;

    (void)state;
    filter_of(UINT16_MAX);
    for (uint64_t family = 0; family < 64; family++) {
        bool good = family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;

        assert_int_equal(allows(__NR_socket, 0, family), good);
        assert_int_equal(allows(__NR_socket, 0, family | upper), good);
    }
    for (uint64_t type = 0; type < 16; type++)
        assert_int_equal(allows_socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), type <= SOCK_RAW);
    for (uint64_t protocol = 0; protocol < 300; protocol++) /* 262 is MPTCP */
        assert_int_equal(allows_socket(AF_INET6, SOCK_STREAM, protocol),
                         protocol == 0 || protocol == NETLINK_SOCK_DIAG);
    assert_true(allows_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    assert_true(allows(__NR_sendto, 3, MSG_NOSIGNAL | upper));
    assert_false(allows(__NR_sendto, 3, MSG_NOSIGNAL | MSG_FASTOPEN));
    for (uint64_t prot = 0; prot < 8; prot++)
        assert_int_equal(allows(__NR_mprotect, 2, prot), !(prot & PROT_EXEC));
    assert_true(allows(__NR_openat, 2, O_RDONLY | O_CLOEXEC));
    assert_false(allows(__NR_openat, 2, O_WRONLY | O_NONBLOCK));
    assert_false(allows(__NR_openat, 2, O_RDWR));
    assert_false(allows(__NR_openat, 2, O_WRONLY | O_CREAT));
    assert_false(allows(__NR_openat, 2, O_WRONLY | O_TRUNC));
    assert_true(allows(__NR_kill, 0, SELF));
    assert_false(allows(__NR_kill, 0, 1));
    assert_false(allows(__NR_kill, 0, UINT32_MAX));
    assert_false(allows(__NR_ioctl, 1, TIOCSTI));
#ifdef __x86_64__
    assert_true(allows(__NR_clone, 0, CLONE_THREAD | CLONE_VM));
    assert_false(allows(__NR_clone, 0, CLONE_VM | CLONE_VFORK));
    assert_false(allows(__NR_mmap, 2, PROT_READ | PROT_EXEC));
    assert_true(allows(__NR_fcntl, 1, F_SETFD));
    assert_false(allows(__NR_fcntl, 1, F_SETOWN));
#endif
}

/* The numbers of another architecture mean other calls: on x86_64 those of i386, and those of x32 with a bit set. */
static void other_architectures_are_killed(void **state)
{
    struct seccomp_data data;

    (void)state;
    filter_of(UINT16_MAX);
    data = call_of(__NR_read);
    assert_true(judge(&data));
    data.arch ^= 1;
    assert_false(judge(&data));
#ifdef __x86_64__
    assert_int_equal(call_of(0).arch, AUDIT_ARCH_X86_64);
    data.arch = AUDIT_ARCH_I386;
    assert_false(judge(&data));
    for (int number = 0; number < CALLS_MAX; number++)
        assert_false(allows(0x40000000 | number, 0, 1));
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_every_program_calls_is_allowed),
        cmocka_unit_test(what_no_program_calls_is_killed),
        cmocka_unit_test(each_part_adds_its_calls),
        cmocka_unit_test(arguments_are_looked_at),
        cmocka_unit_test(other_architectures_are_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
