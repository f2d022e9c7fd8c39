#include "bsd/kernel.h"

#include <sys/types.h>
#include <sys/sysctl.h>

#include "platform.h"

void bsd_kernel_read(char *buf, bsd_stats_parse_fn *parse, struct kernel_reading *out)
{
    static const char name[PROTOCOL_COUNT][19] = {
        [PROTOCOL_TCP] = "net.inet.tcp.stats",
        [PROTOCOL_UDP] = "net.inet.udp.stats",
    };

    for (enum protocol p = 0; p < PROTOCOL_COUNT; p++) {
        size_t len = PLATFORM_KERNEL_BUF;

        if (!sysctlbyname(name[p], buf, &len, NULL, 0))
            parse(p, buf, len, out);
    }
}
