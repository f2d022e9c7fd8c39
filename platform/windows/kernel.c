/* Reads the kernel's own counters. */
#include <stddef.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
/* needs the headers above */
#include <iphlpapi.h>

#include "count/sock.h"
#include "other/stats_parse.h"
#include "platform.h"

#define NUMBER(counter, type, member) {counter, offsetof(type, member) / sizeof(DWORD)}

static const struct stats_row tcp[] = {
    NUMBER(RETRANS_SEGS, MIB_TCPSTATS, dwRetransSegs),   NUMBER(TCP_IN_ERRS, MIB_TCPSTATS, dwInErrs),
    NUMBER(OUT_RSTS, MIB_TCPSTATS, dwOutRsts),           NUMBER(ACTIVE_OPENS, MIB_TCPSTATS, dwActiveOpens),
    NUMBER(PASSIVE_OPENS, MIB_TCPSTATS, dwPassiveOpens), NUMBER(ESTAB_RESETS, MIB_TCPSTATS, dwEstabResets),
};

static const struct stats_row udp[] = {
    NUMBER(UDP_IN_DATAGRAMS, MIB_UDPSTATS, dwInDatagrams),
    NUMBER(UDP_OUT_DATAGRAMS, MIB_UDPSTATS, dwOutDatagrams),
    NUMBER(UDP_IN_ERRORS, MIB_UDPSTATS, dwInErrors),
    NUMBER(UDP_NO_PORTS, MIB_UDPSTATS, dwNoPorts),
};

static const struct stats_layout layouts[] = {
    [PROTOCOL_TCP] = STATS_LAYOUT(tcp, sizeof(DWORD)),
    [PROTOCOL_UDP] = STATS_LAYOUT(udp, sizeof(DWORD)),
};

/* Adds the counters of IPv4 and, where it is installed, of IPv6. Adds none if only one of them can be read: the sum
 * would fall, and later seem to rise by all that is missing. */
static void read_stats(enum protocol protocol, struct kernel_reading *out)
{
    static const ULONG family[] = {AF_INET, AF_INET6};
    const struct kernel_reading before = *out;

    for (int i = 0; i < 2; i++) {
        union {
            MIB_TCPSTATS tcp;
            MIB_UDPSTATS udp;
        } stats;
        DWORD code = protocol == PROTOCOL_TCP ? GetTcpStatisticsEx(&stats.tcp, family[i])
                                              : GetUdpStatisticsEx(&stats.udp, family[i]);

        if (code == NO_ERROR) {
            stats_parse(&stats, sizeof stats, &layouts[protocol], out);
        } else if (!i || (code != ERROR_NOT_SUPPORTED && code != ERROR_INVALID_PARAMETER)) {
            *out = before;
            return;
        }
    }
}

void platform_kernel_read(const char *proc, char *buf, struct kernel_reading *out)
{
    (void)proc, (void)buf;
    read_stats(PROTOCOL_TCP, out);
    read_stats(PROTOCOL_UDP, out);
}
