#include "tcp_counters.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "count/recording.h"
#include "linux.h"
#include "sockstat_parse.h"

/* Reads the beginning of a file. Returns its bytes, or -errno. */
static long read_file(const char *proc, const char *file, char *buf)
{
    char path[LINUX_PATH_MAX];

    return linux_net_path(proc, file, path) ? linux_read(path, buf, TCP_COUNTERS_BUF) : -ENAMETOOLONG;
}

/* Returns 0, or -errno: -EBADMSG where a counter is absent. */
static int read_opens(const char *proc, char *text, struct tcp_counters *out)
{
    long n = read_file(proc, "snmp", text);
    uint64_t passive;

    if (n < 0)
        return (int)n;
    if (!snmp_parse(text, (size_t)n, "Tcp:", "ActiveOpens", &out->opens) ||
        !snmp_parse(text, (size_t)n, "Tcp:", "PassiveOpens", &passive))
        return -EBADMSG;
    out->opens += passive;
    return 0;
}

/* Returns as read_opens does. */
static int read_sockets(const char *proc, char *text, struct tcp_counters *out)
{
    long n = read_file(proc, "sockstat", text);

    if (n < 0)
        return (int)n;
    if (!sockstat_parse(text, (size_t)n, "TCP:", "inuse", &out->inuse) ||
        !sockstat_parse(text, (size_t)n, "TCP:", "tw", &out->tw) ||
        !sockstat_parse(text, (size_t)n, "TCP:", "alloc", &out->alloc))
        return -EBADMSG;
    n = read_file(proc, "sockstat6", text);
    if (n < 0)
        return n == -ENOENT ? 0 : (int)n;
    return sockstat_parse(text, (size_t)n, "TCP6:", "inuse", &out->inuse6) ? 0 : -EBADMSG;
}

bool tcp_counters_read(const char *proc, struct recording *recording, enum tcp_opens opens, char *buf,
                       struct tcp_counters *out)
{
    int ret = 0;

    memset(out, 0, sizeof *out);
    if (!recording_replays(recording)) {
        if (opens == OPENS_FIRST)
            ret = read_opens(proc, buf, out);
        if (!ret)
            ret = read_sockets(proc, buf, out);
        if (!ret && opens == OPENS_LAST)
            ret = read_opens(proc, buf, out);
    }
    return recording_pass(recording, out, sizeof *out, ret ? ret : (long)sizeof *out) == sizeof *out;
}

const char *tcp_counters_unfit(void)
{
    struct utsname name;
    unsigned major = 0, minor = 0;
    const char *at = name.release;

    if (uname(&name))
        return "every TCP socket is listed: the kernel's version is not known";
    for (; *at >= '0' && *at <= '9'; at++)
        major = major * 10 + (unsigned)(*at - '0');
    for (at += *at == '.'; *at >= '0' && *at <= '9'; at++)
        minor = minor * 10 + (unsigned)(*at - '0');
    return major > 4 || (major == 4 && minor >= 11) ? NULL
                                                    : "every TCP socket is listed: the kernel is older than 4.11";
}
