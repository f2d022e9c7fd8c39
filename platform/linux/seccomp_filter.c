/* Which system calls the program makes once it runs, by the part of it that makes them, and which arguments they have.
 *
 * The rows name calls of the kernel, not functions of the C library: of each musl makes the one that its processor has,
 * and an older one where the kernel does not know that yet. tests/e2e/linux/test_sandbox.py compares the rows with the
 * calls in the binary.
 *
 * The filter, one call after the other; those whose arguments are looked at come last:
 *
 *     architecture is ours?     no: kill
 *     number is that of read?   yes: allow
 *     …
 *     number is that of socket? yes: argument 1 has bits that its value lacks? yes: kill
 *     number is that of socket? yes: argument 0 is AF_UNIX? yes: allow
 *     …
 *     kill */
#include "seccomp_filter.h"

#include <asm/unistd.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <termios.h> /* glibc needs it for TCGETS on POWER */

#include "base/needs.h"

#ifndef SECCOMP_RET_KILL_PROCESS /* Linux 4.14; older kernels take it for KILL_THREAD */
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__mips__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define ARCHITECTURE AUDIT_ARCH_MIPSEL
#elif defined(__mips__)
#define ARCHITECTURE AUDIT_ARCH_MIPS
#elif defined(__riscv)
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__)
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#endif

/* The call is allowed if its argument, of which the lower half counts, is the value, or this process, or has a bit or
 * no bit of the value. WITHIN: it is killed if the argument has a bit that the value lacks. Else the rows after it
 * decide, so it stands before those that allow the call. */
enum check { ANY, IS, IS_SELF, HAS, LACKS, WITHIN };

struct call {
    uint16_t number;
    uint16_t parts; /* any of these makes it */
    uint8_t check, argument;
    uint32_t value;
};

#define CALL(name, parts)                         {__NR_##name, parts, ANY, 0, 0}
#define WITH(name, parts, check, argument, value) {__NR_##name, parts, check, argument, value}

#define LISTENERS (PART_LISTEN | PART_ACCEPT)
#define SOCKETS   (PART_INET | PART_UNIX | PART_NETLINK | LISTENERS)
#define OUTPUTS   (PART_INET | PART_UNIX)

/* Files are opened to read. O_ACCMODE of musl has O_PATH, too. */
#define WRITES (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR)

/* clone(2): s390 has the stack first. */
#ifdef __s390x__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

static const struct call calls[] = {
    CALL(read, PART_ALL),
    CALL(write, PART_ALL),
    CALL(close, PART_ALL),
    CALL(statx, PART_ALL),
    CALL(recvfrom, SOCKETS),
    CALL(clock_gettime, PART_ALL),
    CALL(clock_getres, PART_ALL),
    CALL(gettimeofday, PART_ALL),
    CALL(nanosleep, PART_ALL),
    CALL(clock_nanosleep, PART_ALL),
    CALL(restart_syscall, PART_ALL), /* the kernel itself makes it, after SIGSTOP and SIGCONT */
    CALL(ppoll, PART_ALL),
    CALL(futex, PART_ALL),
    CALL(rt_sigtimedwait, PART_ALL),
    CALL(rt_sigprocmask, PART_ALL),
    CALL(set_robust_list, PART_ALL), /* a thread's end */
    CALL(exit, PART_ALL),
    CALL(exit_group, PART_ALL),
    CALL(munmap, PART_ALL),
    CALL(getpid, PART_ALL),
    CALL(getrandom, PART_ALL),
    CALL(uname, PART_ALL),
    CALL(pipe2, PART_ALL),
    CALL(faccessat, PART_ALL),
    CALL(readlinkat, PART_ALL),
    CALL(connect, OUTPUTS),
    CALL(getsockname, OUTPUTS),
    CALL(getpeername, OUTPUTS),
    CALL(setsockopt, SOCKETS),
    CALL(getsockopt, SOCKETS),
    CALL(shutdown, PART_STREAM),
    CALL(getdents64, PART_OWNERS | PART_PODS),
    CALL(recvmmsg, PART_LISTEN),
    CALL(accept4, PART_ACCEPT),
    CALL(unlinkat, PART_REMOVE),
#ifdef __NR_open /* older than arm64 */
    CALL(poll, PART_ALL),
    CALL(access, PART_ALL),
    CALL(readlink, PART_ALL),
    CALL(pipe, PART_ALL),
    CALL(unlink, PART_REMOVE),
#endif
#ifdef __NR_accept
    CALL(accept, PART_ACCEPT),
#endif
#ifdef __NR_newfstatat /* 64 bits */
    CALL(lseek, PART_ALL),
    CALL(fstat, PART_LISTEN),
    CALL(newfstatat, LISTENERS | PART_REMOVE),
#ifdef __NR_stat
    CALL(stat, LISTENERS | PART_REMOVE),
    CALL(lstat, PART_REMOVE),
#endif
#else
    CALL(_llseek, PART_ALL),
    CALL(fstat64, PART_LISTEN),
    CALL(fstatat64, LISTENERS | PART_REMOVE),
    CALL(stat64, LISTENERS | PART_REMOVE),
    CALL(lstat64, PART_REMOVE),
#endif
#ifdef __NR_clock_gettime64 /* 32 bits, whose older calls have no times after 2038 */
    CALL(clock_gettime64, PART_ALL),
    CALL(clock_getres_time64, PART_ALL),
    CALL(clock_nanosleep_time64, PART_ALL),
    CALL(ppoll_time64, PART_ALL),
    CALL(futex_time64, PART_ALL),
    CALL(rt_sigtimedwait_time64, PART_ALL),
    CALL(recvmmsg_time64, PART_LISTEN),
#endif
#ifdef __NR_socketcall /* the calls of sockets, before Linux 4.3; no filter sees its arguments, which are in memory */
    CALL(socketcall, PART_OLD_CALLS),
#endif

#ifdef __NR_open
    WITH(open, PART_ALL, LACKS, 1, WRITES),
#endif
    WITH(openat, PART_ALL, LACKS, 2, WRITES),
    /* Landlock sees a port in TCP's connect() and bind() alone. MPTCP, SCTP, DCCP, and TCP's fast open by sendto(),
     * would pass it. */
    WITH(sendto, SOCKETS | PART_NOTIFY, LACKS, 3, MSG_FASTOPEN),
    WITH(socket, SOCKETS, WITHIN, 1, SOCK_STREAM | SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK),
    WITH(socket, SOCKETS, WITHIN, 2, NETLINK_SOCK_DIAG),
    WITH(socket, SOCKETS, IS, 0, AF_INET),
    WITH(socket, SOCKETS, IS, 0, AF_INET6),
    WITH(socket, PART_UNIX, IS, 0, AF_UNIX),
    WITH(socket, PART_NETLINK, IS, 0, AF_NETLINK),
    WITH(ioctl, PART_STREAM, IS, 1, SIOCOUTQ),
    WITH(ioctl, PART_INET, IS, 1, SIOCGIFINDEX),
    WITH(ioctl, PART_TERMINAL, IS, 1, TCGETS),
    WITH(ioctl, PART_TERMINAL, IS, 1, TCSETS),
    WITH(ioctl, PART_TERMINAL, IS, 1, TIOCGWINSZ),
    WITH(clone, PART_ALL, HAS, CLONE_FLAGS, CLONE_THREAD),
    WITH(mprotect, PART_ALL, LACKS, 2, PROT_EXEC),
    WITH(kill, PART_ALL, IS_SELF, 0, 0),
#ifdef __NR_mmap2
    WITH(mmap2, PART_ALL, LACKS, 2, PROT_EXEC),
    WITH(fcntl64, PART_ALL, IS, 1, F_SETFD),
    WITH(fcntl64, PART_ALL, IS, 1, F_SETFL),
#else
#ifdef __s390x__ /* its arguments are in memory, too (old_mmap) */
    CALL(mmap, PART_ALL),
#else
    WITH(mmap, PART_ALL, LACKS, 2, PROT_EXEC),
#endif
    WITH(fcntl, PART_ALL, IS, 1, F_SETFD),
    WITH(fcntl, PART_ALL, IS, 1, F_SETFL),
#endif
};

/* The number by which a tracer, such as strace, skips a call. It is none, and the kernel looks at it again. */
#define SKIPPED 0xffffffffu

#define LOW_HALF (__BYTE_ORDER == __LITTLE_ENDIAN ? 0 : 4)

#define LOAD(offset)               ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset))
#define RETURN(action)             ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action))
#define JUMP(test, value, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | (test) | BPF_K, value, yes, no))

/* Writes the instructions that allow or kill the call by its argument. Returns their number. */
static unsigned put_checked(const struct call *c, uint32_t pid, struct sock_filter *out)
{
    bool equal = c->check == IS || c->check == IS_SELF;
    uint32_t value = c->check == IS_SELF ? pid : c->check == WITHIN ? ~c->value : c->value;

    out[0] = LOAD(offsetof(struct seccomp_data, nr));
    out[1] = JUMP(BPF_JEQ, c->number, 0, 3);
    out[2] = LOAD((uint32_t)offsetof(struct seccomp_data, args) + 8 * c->argument + LOW_HALF);
    out[3] = JUMP(equal ? BPF_JEQ : BPF_JSET, value, c->check == LACKS, c->check != LACKS);
    out[4] = RETURN(c->check == WITHIN ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ALLOW);
    return 5;
}

unsigned seccomp_filter(unsigned parts, uint32_t pid, struct sock_filter out[SECCOMP_FILTER_MAX], unsigned *n_calls)
{
    unsigned n = 0, last = 0;

    *n_calls = 0;
    out[n++] = LOAD(offsetof(struct seccomp_data, arch));
    out[n++] = JUMP(BPF_JEQ, ARCHITECTURE, 1, 0);
    out[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
    out[n++] = LOAD(offsetof(struct seccomp_data, nr));
    for (const struct call *c = calls; c < calls + sizeof calls / sizeof *calls; c++) {
        if (!(c->parts & parts))
            continue;
        *n_calls += c->number != last || !*n_calls;
        last = c->number;
        if (c->check == ANY) {
            out[n++] = JUMP(BPF_JEQ, c->number, 0, 1);
            out[n++] = RETURN(SECCOMP_RET_ALLOW);
        } else {
            n += put_checked(c, pid, out + n);
        }
    }
    out[n++] = LOAD(offsetof(struct seccomp_data, nr));
    out[n++] = JUMP(BPF_JEQ, SKIPPED, 0, 1);
    out[n++] = RETURN(SECCOMP_RET_ALLOW);
    out[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
    return n;
}
