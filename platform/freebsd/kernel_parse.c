#include "freebsd/kernel_parse.h"

#include "other/stats_parse.h"

#define SIZE 8

/* The numbers before tcps_progdrops, which FreeBSD 13 does not have. */
static const struct stats_row first[] = {
    {ACTIVE_OPENS, 0},  /* tcps_connattempt */
    {PASSIVE_OPENS, 1}, /* tcps_accepts */
    {TIMEOUTS, 11},     /* tcps_rexmttimeo */
};

/* Those of a sum whose last one is after it. */
static const struct stats_row aborts[] = {
    {ABORT_ON_TIMEOUT, 10}, /* tcps_timeoutdrop */
    {ABORT_ON_TIMEOUT, 15}, /* tcps_keepdrops */
};

/* Those after it, at their places in FreeBSD 13. */
static const struct stats_row others[] = {
    {RETRANS_SEGS, 19},     /* tcps_sndrexmitpack */
    {TCP_IN_ERRS, 30},      /* tcps_rcvbadsum */
    {TCP_IN_ERRS, 31},      /* tcps_rcvbadoff */
    {TCP_IN_ERRS, 33},      /* tcps_rcvshort */
    {ABORT_ON_TIMEOUT, 59}, /* tcps_persistdrop */
    {LISTEN_OVERFLOWS, 62}, /* tcps_listendrop */
};

static const struct stats_row udp[] = {
    {UDP_IN_ERRORS, 1},      /* udps_hdrops */
    {UDP_IN_ERRORS, 2},      /* udps_badsum */
    {UDP_IN_ERRORS, 4},      /* udps_badlen */
    {UDP_NO_PORTS, 5},       /* udps_noport */
    {UDP_RCVBUF_ERRORS, 7},  /* udps_fullsock */
    {UDP_IN_ERRORS, 7},      /* udps_fullsock */
    {UDP_OUT_DATAGRAMS, 10}, /* udps_opackets */
};

static const struct stats_layout tcp_first = STATS_LAYOUT(first, SIZE), tcp_aborts = STATS_LAYOUT(aborts, SIZE),
                                 tcp_others = STATS_LAYOUT(others, SIZE), udp_all = STATS_LAYOUT(udp, SIZE);

/* Known lengths, in numbers. */
static const struct known {
    uint8_t numbers;
    enum { ABSENT, PRESENT, UNSURE } progdrops;
} known[] = {
    {113, ABSENT},  /* 13.1 */
    {123, UNSURE},  /* main in 2024 has it; 14 may have this length without it */
    {125, PRESENT}, /* main in 2025: tcps_sc_spurcookie and tcps_sc_failcookie are new */
};

#define UDP_NUMBERS 14 /* FreeBSD 10 to 15 */

static void parse_tcp(const uint8_t *stats, size_t len, struct kernel_reading *out)
{
    for (const struct known *k = known; k < known + sizeof known / sizeof *known; k++)
        if (len == (size_t)k->numbers * SIZE) {
            size_t shift = k->progdrops == PRESENT ? SIZE : 0;

            stats_parse(stats, len, &tcp_first, out);
            if (k->progdrops == UNSURE)
                return;
            stats_parse(stats, len, &tcp_aborts, out);
            stats_parse(stats + shift, len - shift, &tcp_others, out);
        }
}

void freebsd_kernel_parse(enum protocol protocol, const void *stats, size_t len, struct kernel_reading *out)
{
    if (protocol == PROTOCOL_TCP)
        parse_tcp(stats, len, out);
    else if (len == UDP_NUMBERS * SIZE)
        stats_parse(stats, len, &udp_all, out);
}
