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

#define WRITE_FILE  (1u << 1)
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

/* Allows what an open descriptor refers to. The kernel refuses that for pipes and sockets, which it does not restrict.
 */
static void allow_descriptor(int rules, int fd, uint64_t access)
{
    const struct path_rule rule = {access, fd};

    syscall(ADD_RULE, rules, PATH_BENEATH, &rule, 0);
}

/* Allows the directory of len bytes, or the nearest one above it that exists. */
static void allow_directory(int rules, const char *path, size_t len, uint64_t access)
{
    char dir[LINUX_PATH_MAX];
    int fd;

    do {
        if (!text_format(dir, sizeof dir, "%.*s", len ? (int)len : 1, path))
            return;
        fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        while (len && path[--len] != '/')
            ;
    } while (fd < 0 && errno == ENOENT && dir[1]);
    if (fd < 0)
        return;
    allow_descriptor(rules, fd, access);
    close(fd);
}

static void allow_directory_of(int rules, const char *path, uint64_t access)
{
    allow_directory(rules, path, (size_t)(strrchr(path, '/') - path), access);
}

/* Allows the directory of what the link leads to, which is not there yet. Inline its texts would be on the stack of
 * each call of allow_file, and resident. */
__attribute__((noinline)) static void allow_target(int rules, const char *path)
{
    char link[LINUX_PATH_MAX], target[LINUX_PATH_MAX];
    ssize_t n = readlink(path, link, sizeof link - 1);

    if (n <= 0)
        return;
    link[n] = '\0';
    if (text_format(target, sizeof target, "%.*s%s", *link == '/' ? 0 : (int)(strrchr(path, '/') - path + 1), path,
                    link))
        allow_directory_of(rules, target, READ_FILE);
}

/* Allows the directory of the file, and that of what it is a link to. */
static void allow_file(int rules, const char *path)
{
    char link[32], target[LINUX_PATH_MAX];
    int fd = open(path, O_PATH | O_CLOEXEC);
    ssize_t n;

    allow_directory_of(rules, path, READ_FILE);
    if (fd < 0) {
        allow_target(rules, path);
        return;
    }
    text_format(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, target, sizeof target - 1);
    close(fd);
    if (n <= 0 || *target != '/')
        return;
    target[n] = '\0';
    allow_directory_of(rules, target, READ_FILE);
}

static void allow_paths(int rules, const struct needs *needs)
{
    static const char own[] = "/proc"; /* the log's descriptor, queues of our sockets, settings of the kernel */

    allow_directory(rules, own, sizeof own - 1, READ_FILE | READ_DIR);
    allow_descriptor(rules, STDERR_FILENO, WRITE_FILE); /* it is opened again for each line */
    for (unsigned i = 0; i < needs->n_paths; i++) {
        const char *path = needs->path[i].path;
        enum need need = needs->path[i].need;

        if (need == NEED_TREE)
            allow_directory(rules, path, strlen(path), READ_FILE | READ_DIR);
        else if (need == NEED_REMOVE)
            allow_directory_of(rules, path, REMOVE_FILE);
        else if (need != NEED_SOCKET)
            allow_file(rules, path);
    }
}

static void allow_ports(int rules, const struct needs *needs)
{
    for (unsigned i = 0; i < needs->n_ports; i++) {
        const struct port_rule rule = {CONNECT_TCP, needs->port[i]};

        syscall(ADD_RULE, rules, NET_PORT, &rule, 0);
    }
}

static int restrict_all(const struct needs *needs, int version)
{
    const struct ruleset set = {FILES(version), version < 4 ? 0 : BIND_TCP | CONNECT_TCP,
                                version < 6 ? 0 : SIGNAL | (needs->parts & PART_ABSTRACT ? 0 : ABSTRACT_UNIX_SOCKET)};
    int rules = (int)syscall(CREATE_RULESET, &set, sizeof set, 0), ret = 0;

    if (rules < 0)
        return -errno;
    allow_paths(rules, needs);
    allow_ports(rules, needs);
    if (syscall(RESTRICT_SELF, rules, 0))
        ret = -errno;
    close(rules);
    return ret;
}

/* Who is restricted by Landlock may look into no other process, whatever capability there is: neither at descriptors
 * for SOCKPUSH_PID, nor at what procfs hides from others (hidepid=). */
bool sandbox_landlock(const struct needs *needs, bool looks, struct buf *out)
{
    int version = (int)syscall(CREATE_RULESET, NULL, 0, VERSION);
    int ret = version < 0 ? -errno : looks ? 0 : restrict_all(needs, version);

    if (ret == -ENOSYS || ret == -EOPNOTSUPP)
        buf_text(out, ", no Landlock (not in this kernel)");
    else if (ret)
        buf_format(out, ", no Landlock (%s)", platform_error_text(-ret));
    else if (looks)
        buf_format(out, ", no Landlock (%s looks into processes)", needs->parts & PART_OWNERS ? "SOCKPUSH_PID" : "it");
    else
        buf_format(out, ", Landlock %d%s", version, version < 4 ? " (no ports)" : "");
    return !ret && !looks && version >= 4;
}
