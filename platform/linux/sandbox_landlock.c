/* Landlock: which files may be opened, and which TCP ports connected to. A rule is one of a directory, because files
 * are replaced by others: certificates, resolv.conf. Landlock's first versions know less, and what they do not know is
 * not restricted: TCP from version 4 (Linux 6.7) on, abstract sockets and signals from version 6 (6.12) on. */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/format.h"
#include "linux.h"
#include "platform.h"
#include "sandbox.h"

/* The same for all processors, but for the 4000 of MIPS' first ABI. */
#ifdef __mips__
#define LANDLOCK_CALL 4444
#else
#define LANDLOCK_CALL 444
#endif
#define CREATE_RULESET LANDLOCK_CALL
#define ADD_RULE       (LANDLOCK_CALL + 1)
#define RESTRICT_SELF  (LANDLOCK_CALL + 2)

/* linux/landlock.h, which old headers lack, or have without the later bits. */
struct ruleset {
    uint64_t files, ports, scopes;
};
struct path_rule {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));
struct port_rule {
    uint64_t access, port;
};

#define VERSION      1u /* flag of CREATE_RULESET */
#define PATH_BENEATH 1
#define NET_PORT     2

#define READ_FILE   (1u << 2)
#define READ_DIR    (1u << 3)
#define REMOVE_FILE (1u << 5)

#define BIND_TCP    1u
#define CONNECT_TCP 2u

#define ABSTRACT_UNIX_SOCKET 1u
#define SIGNAL               2u

/* The last version that restricts files in a new way: 13 rights at first, then renaming, truncating, ioctl of devices.
 */
#define FILES(version) ((1u << ((version) < 2 ? 13 : (version) < 3 ? 14 : (version) < 5 ? 15 : 16)) - 1)

/* A ruleset that is being made. */
struct rules {
    int fd, error;   /* error: 0, or -errno of a rule that was refused */
    bool whole;      /* no rule opens the root directory */
    struct buf *out; /* directories are named here that are wider than those asked for */
    char path[LINUX_PATH_MAX];
};

static void put_rule(struct rules *r, int type, const void *rule)
{
    if (syscall(ADD_RULE, r->fd, type, rule, 0))
        r->error = -errno;
}

/* Names a directory, unless it was the last one that was named. */
static void name_wide(struct buf *out, const char *dir)
{
    size_t mark = out->len, len;

    buf_format(out, " (all of %.80s)", dir);
    len = out->len - mark;
    if (mark >= len && !memcmp(out->data + mark - len, out->data + mark, len))
        buf_cut(out, mark);
}

/* Allows the directory of len bytes in r->path, which is cut. Where it is absent, allows the nearest one above it,
 * unless it must be exact. */
static void allow_directory(struct rules *r, size_t len, uint64_t access, bool exact)
{
    struct path_rule rule = {access, -1};
    size_t n = len;

    for (;;) {
        r->path[n ? n : 1] = '\0';
        rule.fd = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (rule.fd >= 0 || errno != ENOENT || !n || exact)
            break;
        while (r->path[--n] != '/')
            ;
    }
    if (rule.fd < 0)
        return;
    if (!r->path[1] || n < len)
        name_wide(r->out, r->path);
    r->whole &= r->path[1] != '\0';
    put_rule(r, PATH_BENEATH, &rule);
    close(rule.fd);
}

/* Allows the directory of the file in r->path. */
static void allow_directory_of(struct rules *r, uint64_t access, bool exact)
{
    allow_directory(r, (size_t)(strrchr(r->path, '/') - r->path), access, exact);
}

static bool set_path(struct rules *r, const char *path)
{
    return text_format(r->path, sizeof r->path, "%s", path);
}

/* Allows the directory of what the link leads to, which is not there yet. Inline its text would be on the stack of each
 * call of allow_file, and resident. */
__attribute__((noinline)) static void allow_target(struct rules *r, const char *path)
{
    char link[LINUX_PATH_MAX];
    ssize_t n = readlink(path, link, sizeof link - 1);

    if (n <= 0)
        return;
    link[n] = '\0';
    if (text_format(r->path, sizeof r->path, "%.*s%s", *link == '/' ? 0 : (int)(strrchr(path, '/') - path + 1), path,
                    link))
        allow_directory_of(r, READ_FILE, false);
}

/* Allows the directory of the file, and that of what it is a link to. A public file whose directory is absent is that
 * of another distribution. */
static void allow_file(struct rules *r, const char *path, bool is_public)
{
    char link[32];
    int fd = open(path, O_PATH | O_CLOEXEC);
    ssize_t n;

    if (set_path(r, path))
        allow_directory_of(r, READ_FILE, is_public);
    if (fd < 0) {
        allow_target(r, path);
        return;
    }
    text_format(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, r->path, sizeof r->path - 1);
    close(fd);
    if (n <= 0 || *r->path != '/')
        return;
    r->path[n] = '\0';
    allow_directory_of(r, READ_FILE, true);
}

static void allow_tree(struct rules *r, const char *path, bool exact)
{
    if (set_path(r, path))
        allow_directory(r, strlen(path), READ_FILE | READ_DIR, exact);
}

static void allow_paths(struct rules *r, const struct needs *needs)
{
    allow_tree(r, "/proc", true); /* queues of our sockets, settings of the kernel */
    for (unsigned i = 0; i < needs->n_paths; i++) {
        const char *path = needs->path[i].path;
        enum need need = needs->path[i].need;

        if (need == NEED_TREE)
            allow_tree(r, path, false);
        else if (need == NEED_REMOVE && set_path(r, path))
            allow_directory_of(r, REMOVE_FILE, false);
        else if (need == NEED_FILE || need == NEED_PUBLIC)
            allow_file(r, path, need == NEED_PUBLIC);
    }
}

static void allow_ports(struct rules *r, const struct needs *needs)
{
    for (unsigned i = 0; i < needs->n_ports; i++) {
        const struct port_rule rule = {CONNECT_TCP, needs->port[i]};

        put_rule(r, NET_PORT, &rule);
    }
}

/* Sets *whole to false if what is allowed is as good as all. */
static int restrict_all(const struct needs *needs, int version, struct buf *out, bool *whole)
{
    const struct ruleset set = {FILES(version), version < 4 ? 0 : BIND_TCP | CONNECT_TCP,
                                version < 6 ? 0 : SIGNAL | (needs->parts & PART_ABSTRACT ? 0 : ABSTRACT_UNIX_SOCKET)};
    struct rules r = {.fd = (int)syscall(CREATE_RULESET, &set, sizeof set, 0), .whole = true, .out = out};

    if (r.fd < 0)
        return -errno;
    allow_paths(&r, needs);
    if (version >= 4)
        allow_ports(&r, needs);
    if (!r.error && syscall(RESTRICT_SELF, r.fd, 0))
        r.error = -errno;
    close(r.fd);
    *whole &= r.whole;
    return r.error;
}

/* Who is restricted by Landlock may look into no other process, whatever capability there is: neither at descriptors
 * for SOCKPUSH_PID, nor at what procfs hides from others (hidepid=). */
bool sandbox_landlock(const struct needs *needs, bool looks, struct buf *out)
{
    int version = (int)syscall(CREATE_RULESET, NULL, 0, VERSION), ret = version < 0 ? -errno : 0;
    bool whole = version >= 4 && !looks;
    size_t mark = out->len;

    if (!ret && looks) {
        buf_format(out, ", no Landlock (%s looks into processes)", needs->parts & PART_OWNERS ? "SOCKPUSH_PID" : "it");
    } else if (!ret) {
        buf_format(out, ", Landlock %d%s", version, version < 4 ? " (no ports)" : "");
        ret = restrict_all(needs, version, out, &whole);
    }
    if (!ret)
        return whole;
    buf_cut(out, mark);
    if (ret == -ENOSYS || ret == -EOPNOTSUPP)
        buf_text(out, ", no Landlock (not in this kernel)");
    else
        buf_format(out, ", no Landlock (%s)", platform_error_text(-ret));
    return false;
}
