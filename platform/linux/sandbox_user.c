/* The user and the capabilities. The calls are the kernel's own: there is no other thread yet, for which the C library
 * would have to repeat them. */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/format.h"
#include "linux.h"
#include "platform.h"
#include "sandbox.h"

#ifdef __NR_setresuid32 /* the first calls of 32-bit processors have users of 16 bits */
#define SET_GROUPS __NR_setgroups32
#define SET_GROUP  __NR_setresgid32
#define SET_USER   __NR_setresuid32
#else
#define SET_GROUPS __NR_setgroups
#define SET_GROUP  __NR_setresgid
#define SET_USER   __NR_setresuid
#endif

#define OF(capability) (1u << (capability))

/* The capabilities that may be kept, each with what needs it. */
enum { OVERRIDE, SEARCH, OWNER, PTRACE, KEPT };
static const uint8_t number[KEPT] = {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_SYS_PTRACE};
static const char name[KEPT][20] = {"CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_SYS_PTRACE"};

struct kept {
    const char *why[KEPT]; /* NULL: not needed */
};

/* Becomes that user, of that group alone. The capabilities stay permitted, and are no longer in effect. With the user
 * the kernel clears the signal that comes when the parent dies, which the parent may have set. */
static int become(uint32_t uid, uint32_t gid)
{
    int at_parents_death = 0;

    prctl(PR_GET_PDEATHSIG, &at_parents_death, 0, 0, 0);
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || syscall(SET_GROUPS, 0, NULL) || syscall(SET_GROUP, gid, gid, gid) ||
        syscall(SET_USER, uid, uid, uid))
        return -errno;
    prctl(PR_SET_PDEATHSIG, at_parents_death, 0, 0, 0);
    return 0;
}

/* Sets what is in effect, permitted, and passed on to other programs: nothing. */
static int set_capabilities(uint32_t effective, uint32_t permitted, uint32_t permitted_high)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct data[2] = {{.effective = effective, .permitted = permitted},
                                                   {.permitted = permitted_high}};

    return syscall(__NR_capset, &header, data) ? -errno : 0;
}

/* Returns true if the path may be accessed, by this user with the capabilities in effect. Linux before 5.8, and old
 * containers, cannot say. access(2) would take root's permitted ones instead, so the file is opened, which fails for a
 * socket only after the look at its rights (ENXIO), and for a directory that shall be written to always. */
static bool may(const char *path, int mode)
{
    int fd;

    if (!syscall(__NR_faccessat2, AT_FDCWD, path, mode, AT_EACCESS))
        return true;
    if (errno != ENOSYS && errno != EPERM)
        return false;
    fd = open(path, (mode & W_OK ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0 || errno == ENXIO;
}

/* A file is removed by who may write into its directory, and in one that is sticky by the file's owner. */
static bool may_remove(const char *path)
{
    size_t len = (size_t)(strrchr(path, '/') - path);
    char dir[LINUX_PATH_MAX];
    struct statx st;

    return text_format(dir, sizeof dir, "%.*s", len ? (int)len : 1, path) && may(dir, W_OK | X_OK) &&
           !syscall(__NR_statx, AT_FDCWD, dir, 0, STATX_MODE, &st) && !(st.stx_mode & S_ISVTX);
}

static void keep_for_path(struct kept *kept, enum need need, const char *path)
{
    char inside[LINUX_PATH_MAX];

    if (need == NEED_TREE && text_format(inside, sizeof inside, "%s/.", path) && !may(inside, R_OK) && errno != ENOENT)
        kept->why[SEARCH] = path;
    else if (need == NEED_FILE && !may(path, R_OK))
        kept->why[SEARCH] = path;
    else if (need == NEED_SOCKET && !may(path, W_OK))
        kept->why[OVERRIDE] = path;
    else if (need == NEED_REMOVE && !may_remove(path))
        kept->why[OVERRIDE] = kept->why[OWNER] = path;
}

/* Keeps what looking into other processes needs; looks: there are some. Process 1 stands for all that procfs hides
 * (hidepid=). */
static void keep_for_processes(struct kept *kept, const struct needs *needs, uint32_t permitted, bool looks)
{
    char path[LINUX_PATH_MAX];

    if (linux_net_path(needs->proc, "tcp", path) && !may(path, R_OK))
        kept->why[PTRACE] = needs->proc;
    if (needs->parts & PART_PODS && text_format(path, sizeof path, "%s/1/net/tcp", needs->proc) && !may(path, R_OK))
        kept->why[PTRACE] = "SOCKPUSH_PODS";
    if (looks)
        kept->why[PTRACE] = "SOCKPUSH_PID";
    if (looks && permitted & OF(CAP_SYS_PTRACE))
        kept->why[SEARCH] = "SOCKPUSH_PID";
}

struct looked {
    const char *proc;
    unsigned open; /* processes that may be looked into */
};

static void look_into(void *ctx, int pid, uint64_t mark)
{
    struct looked *l = ctx;
    char path[LINUX_PATH_MAX], link[1];

    (void)mark;
    l->open += text_format(path, sizeof path, "%s/%d/exe", l->proc, pid) && readlink(path, link, sizeof link) > 0;
}

/* Returns true if another process than this may be looked into, by this user with the capabilities in effect. */
static bool sees_another(const char *proc)
{
    struct looked l = {.proc = proc};

    return !platform_process_walk(proc, look_into, &l) && l.open > 1;
}

/* Appends the capabilities that are kept, and those that are needed and not there. Returns the bits of the first. */
static uint32_t list(const struct kept *kept, uint32_t permitted, struct buf *out)
{
    uint32_t bits = 0;

    for (int i = 0; i < KEPT; i++)
        if (kept->why[i] && permitted & OF(number[i])) {
            bits |= OF(number[i]);
            buf_format(out, ", %s (%.80s)", name[i], kept->why[i]);
        }
    if (!bits)
        buf_text(out, ", no capabilities");
    for (int i = 0; i < KEPT; i++)
        if (kept->why[i] && !(permitted & OF(number[i])))
            buf_format(out, ", without %s (%.80s)", name[i], kept->why[i]);
    return bits;
}

/* Gives up all capabilities but those that something needs. Without any there is nothing to do: a filter of calls, such
 * as systemd's, may kill who asks. Sets *bits to what is kept. Returns 0 or -errno. */
static int drop_capabilities(const struct needs *needs, bool looks, uint32_t *bits, struct buf *out)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct had[2] = {0};
    struct kept kept = {0};
    uint32_t permitted;

    if (syscall(__NR_capget, &header, had))
        return -errno;
    permitted = had[0].permitted;
    if (!(permitted | had[1].permitted)) {
        buf_text(out, ", no capabilities");
        return 0;
    }
    set_capabilities(0, permitted, had[1].permitted);
    for (unsigned i = 0; i < needs->n_paths; i++)
        keep_for_path(&kept, needs->path[i].need, needs->path[i].path);
    if (kept.why[SEARCH]) /* the directory of procfs may be closed, too */
        set_capabilities(permitted & (OF(CAP_DAC_READ_SEARCH) | OF(CAP_DAC_OVERRIDE)), permitted, had[1].permitted);
    keep_for_processes(&kept, needs, permitted, looks);
    if (kept.why[SEARCH] && !(permitted & OF(CAP_DAC_READ_SEARCH))) { /* Docker's root has the wider one alone */
        kept.why[OVERRIDE] = kept.why[SEARCH];
        kept.why[SEARCH] = NULL;
    }
    *bits = list(&kept, permitted, out);
    return set_capabilities(*bits, *bits, 0);
}

bool sandbox_user(const struct needs *needs, bool *looks, struct buf *out)
{
    uint32_t bits = 0;
    int ret = 0, kept;

    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int i = 0; !prctl(PR_CAPBSET_DROP, i, 0, 0, 0);)
        i++;
    if (!needs->stays && !geteuid())
        ret = become(needs->uid, needs->gid);
    buf_format(out, ", user %u", (unsigned)geteuid());
    if (ret)
        buf_format(out, " (not %u: %s), group %u", needs->uid, platform_error_text(-ret), (unsigned)getegid());
    kept = drop_capabilities(needs, *looks, &bits, out);
    if (kept)
        buf_format(out, " and all it had (%s)", platform_error_text(-kept));
    *looks = bits & OF(CAP_SYS_PTRACE) || (*looks && sees_another(needs->proc));
    return !ret && !kept;
}
