/* The sandbox, which is entered before the first thread: each part holds for the threads that come later, too. */
#include "sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/format.h"
#include "platform.h"
#include "seccomp_filter.h"

/* Calls prctl with its last two arguments 0, as some options require. */
static int set(int option, unsigned long value, const void *more)
{
    return syscall(SYS_prctl, option, value, more, 0, 0) ? -errno : 0;
}

/* Returns true if the kernel has the calls of sockets in socketcall(2) alone. */
static bool lacks_socket(void)
{
#ifdef SYS_socketcall
    return syscall(SYS_socket, -1, 0, 0) && errno == ENOSYS;
#else
    return false;
#endif
}

static bool filter_calls(const struct needs *needs, struct buf *out)
{
    struct sock_filter filter[SECCOMP_FILTER_MAX];
    struct sock_fprog program = {.filter = filter};
    unsigned calls, parts = needs->parts;
    int ret;

    if (lacks_socket())
        parts |= PART_OLD_CALLS;
    program.len = (unsigned short)seccomp_filter(parts, (uint32_t)getpid(), filter, &calls);
    ret = set(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    if (ret)
        buf_format(out, ", no seccomp (%s)", platform_error_text(-ret));
    else
        buf_format(out, ", seccomp of %u calls", calls);
    return !ret;
}

static void count_process(void *ctx, int pid, uint64_t mark)
{
    (void)pid, (void)mark;
    ++*(unsigned *)ctx;
}

/* Returns true if this is the only process in procfs, as in most containers: there are no others to look into. */
static bool is_alone(const char *proc)
{
    unsigned processes = 0;

    return !platform_process_walk(proc, count_process, &processes) && processes == 1;
}

bool platform_sandbox(const struct needs *needs, char text[PLATFORM_SANDBOX_MAX])
{
    struct buf out = {.data = text, .cap = PLATFORM_SANDBOX_MAX - 1};
    bool whole, looks = needs->parts & PART_OWNERS && !is_alone(needs->proc);
    int ret;

#ifdef SOCKPUSH_SANITIZED /* the sanitizers make calls of their own, and look into the process at its end */
    (void)looks, (void)set, (void)filter_calls;
    return !text_format(text, PLATFORM_SANDBOX_MAX, "none: built with sanitizers");
#endif
    ret = set(PR_SET_NO_NEW_PRIVS, 1, NULL);
    whole = !ret;
    if (ret)
        buf_format(&out, "no no_new_privs (%s)", platform_error_text(-ret));
    else
        buf_text(&out, "no_new_privs");
    whole &= sandbox_user(needs, &looks, &out);
    ret = set(PR_SET_DUMPABLE, 0, NULL);
    whole &= !ret;
    if (ret)
        buf_format(&out, ", dumpable (%s)", platform_error_text(-ret));
    whole &= sandbox_landlock(needs, looks, &out);
    whole &= filter_calls(needs, &out);
    text[out.len] = '\0';
    return whole;
}
