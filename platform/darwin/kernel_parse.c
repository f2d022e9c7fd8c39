#include "darwin/kernel_parse.h"

#include "other/stats_parse.h"

static const struct stats_row tcp[] = {
    {ACTIVE_OPENS, 0},      /* tcps_connattempt */
    {PASSIVE_OPENS, 1},     /* tcps_accepts */
    {ABORT_ON_TIMEOUT, 9},  /* tcps_timeoutdrop */
    {TIMEOUTS, 10},         /* tcps_rexmttimeo */
    {ABORT_ON_TIMEOUT, 14}, /* tcps_keepdrops */
    {RETRANS_SEGS, 18},     /* tcps_sndrexmitpack */
    {TCP_IN_ERRS, 28},      /* tcps_rcvbadsum */
    {TCP_IN_ERRS, 29},      /* tcps_rcvbadoff */
    {TCP_IN_ERRS, 31},      /* tcps_rcvshort */
    {ABORT_ON_TIMEOUT, 57}, /* tcps_persistdrop */
    {LISTEN_OVERFLOWS, 60}, /* tcps_listendrop */
};

static const struct stats_row udp[] = {
    {UDP_IN_ERRORS, 1},     /* udps_hdrops */
    {UDP_IN_ERRORS, 2},     /* udps_badsum */
    {UDP_IN_ERRORS, 3},     /* udps_badlen */
    {UDP_NO_PORTS, 4},      /* udps_noport */
    {UDP_RCVBUF_ERRORS, 6}, /* udps_fullsock */
    {UDP_IN_ERRORS, 6},     /* udps_fullsock */
    {UDP_OUT_DATAGRAMS, 9}, /* udps_opackets */
};

static const struct stats_layout layouts[] = {
    [PROTOCOL_TCP] = STATS_LAYOUT(tcp, 4),
    [PROTOCOL_UDP] = STATS_LAYOUT(udp, 4),
};

static bool is_zero(const uint8_t *bytes, size_t len)
{
    while (len && !bytes[len - 1])
        len--;
    return !len;
}

void darwin_kernel_parse(enum protocol protocol, const void *stats, size_t len, struct kernel_reading *out)
{
    if (!is_zero(stats, len))
        stats_parse(stats, len, &layouts[protocol], out);
}
