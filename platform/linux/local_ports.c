/* The local ports for connections, as they are set now: both settings may change while the program runs. */
#include <errno.h>

#include "base/format.h"
#include "count/recording.h"
#include "linux.h"
#include "local_ports_parse.h"
#include "platform.h"

#define RANGE_MAX    32
#define RESERVED_MAX 8192 /* of a longer list the kernel gives the first part, and never the rest */

/* Reads one of the settings, or its recording, and records it. Returns its bytes, 0 where it is not known. own: the
 * settings are those of the sockets' network namespace, since they are always this process's. */
static size_t pass_setting(bool own, const char *proc, const char *name, struct recording *r, char *out, size_t cap)
{
    char path[LINUX_PATH_MAX];
    long n = -EXDEV;

    if (!recording_replays(r) && own)
        n = text_format(path, sizeof path, "%s/sys/net/ipv4/%s", proc, name) ? linux_read(path, out, cap)
                                                                             : -ENAMETOOLONG;
    n = recording_pass(r, out, cap, n);
    return n < 0 ? 0 : (size_t)n;
}

void platform_local_ports(const char *proc, struct recording *recording, struct port_set *out)
{
    char range[RANGE_MAX], reserved[RESERVED_MAX];
    bool own = linux_own_namespace(proc);
    size_t range_len = pass_setting(own, proc, "ip_local_port_range", recording, range, sizeof range);
    size_t reserved_len = pass_setting(own, proc, "ip_local_reserved_ports", recording, reserved, sizeof reserved);

    local_ports_parse(range, range_len, reserved, reserved_len, out);
}
