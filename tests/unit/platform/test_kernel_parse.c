/* The kernel's counters in the files of /proc/net: other columns, other orders, cut anywhere, and damaged. */
#include "kernel_parse.h"

#include <string.h>

#include "unit/helper.h"

/* Linux 6.18, with fewer columns than it has. */
static const char netstat[] =
    "TcpExt: SyncookiesSent SyncookiesRecv SyncookiesFailed ArpFilter TW ListenOverflows ListenDrops TCPHPHits "
    "TCPTimeouts TCPAbortOnData TCPAbortOnMemory TCPAbortOnTimeout TCPAbortOnLinger TCPReqQFullDoCookies "
    "TCPReqQFullDrop TCPRetransFail TCPSynRetrans TCPOrigDataSent\n"
    "TcpExt: 1 90 91 92 93 2 3 94 4 95 5 6 96 7 8 97 9 98\n"
    "IpExt: InNoRoutes ListenDrops\n"
    "IpExt: 77 78\n";
static const char sockstat[] = "sockets: used 16\n"
                               "TCP: inuse 17 orphan 2 tw 3 alloc 20 mem 49\n"
                               "UDP: inuse 5 mem 1\n";
static const char snmp[] =
    "Ip: Forwarding DefaultTTL InReceives\nIp: 1 64 2770\n"
    "Icmp: InMsgs InErrors\nIcmp: 55 56\n"
    "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs "
    "OutSegs "
    "RetransSegs InErrs OutRsts InCsumErrors\n"
    "Tcp: 1 200 120000 -1 196078 184951 7779 116534 0 2711724 2627516 3413 4 75684 5\n"
    "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors\n"
    "Udp: 4151121 85869 1880111 6117422 1880110 6 7 8 9\n"
    "UdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors\n"
    "UdpLite: 71 72 73 74 75 76 77 78 79\n";
static const char snmp6[] = "Ip6InReceives                   \t8\n"
                            "Udp6InDatagrams                 \t1748\n"
                            "Udp6NoPorts                     \t47\n"
                            "Udp6InErrors                    \t2994\n"
                            "Udp6OutDatagrams                \t4789\n"
                            "Udp6RcvbufErrors                \t2990\n"
                            "Udp6SndbufErrors                \t3\n"
                            "Udp6InCsumErrors                \t4\n"
                            "UdpLite6InDatagrams             \t99\n";

#define BIT(counter) (1u << (counter))
#define OF_NETSTAT                                                                                 \
    (BIT(LISTEN_OVERFLOWS) | BIT(LISTEN_DROPS) | BIT(SYNCOOKIES_SENT) | BIT(REQ_QUEUE_FULL_DROP) | \
     BIT(REQ_QUEUE_FULL_COOKIES) | BIT(SYN_RETRANS) | BIT(TIMEOUTS) | BIT(ABORT_ON_MEMORY) | BIT(ABORT_ON_TIMEOUT))
#define OF_UDP                                                                                      \
    (BIT(UDP_IN_DATAGRAMS) | BIT(UDP_OUT_DATAGRAMS) | BIT(UDP_IN_ERRORS) | BIT(UDP_RCVBUF_ERRORS) | \
     BIT(UDP_SNDBUF_ERRORS) | BIT(UDP_NO_PORTS))
#define OF_SNMP                                                                                               \
    (OF_UDP | BIT(RETRANS_SEGS) | BIT(TCP_IN_ERRS) | BIT(OUT_RSTS) | BIT(ACTIVE_OPENS) | BIT(PASSIVE_OPENS) | \
     BIT(ESTAB_RESETS))
#define OF_SOCKSTAT (BIT(SOCKETS_USED) | BIT(TCP_ORPHAN) | BIT(TCP_MEM_PAGES))

static void parse(enum kernel_file file, const char *text, size_t len, struct kernel_reading *out)
{
    kernel_parse(file, flush_copy(text, len), len, out);
}

/* Each counter, in the order of the enum. */
static const uint64_t wanted[KERNEL_COUNTERS] = {
    [TCP_ORPHAN] = 2,
    [TCP_MEM_PAGES] = 49,
    [SOCKETS_USED] = 16,
    [LISTEN_OVERFLOWS] = 2,
    [LISTEN_DROPS] = 3,
    [SYNCOOKIES_SENT] = 1,
    [REQ_QUEUE_FULL_DROP] = 8,
    [REQ_QUEUE_FULL_COOKIES] = 7,
    [RETRANS_SEGS] = 3413,
    [SYN_RETRANS] = 9,
    [TIMEOUTS] = 4,
    [TCP_IN_ERRS] = 4,
    [OUT_RSTS] = 75684,
    [ABORT_ON_MEMORY] = 5,
    [ABORT_ON_TIMEOUT] = 6,
    [ACTIVE_OPENS] = 196078,
    [PASSIVE_OPENS] = 184951,
    [ESTAB_RESETS] = 116534,
    [UDP_IN_DATAGRAMS] = 4151121 + 1748,
    [UDP_OUT_DATAGRAMS] = 6117422 + 4789,
    [UDP_IN_ERRORS] = 1880111 + 2994,
    [UDP_RCVBUF_ERRORS] = 1880110 + 2990,
    [UDP_SNDBUF_ERRORS] = 6 + 3,
    [UDP_NO_PORTS] = 85869 + 47,
};

static const struct {
    const char *text;
    uint32_t known;
} file[NET_FILES] = {
    [NET_NETSTAT] = {netstat, OF_NETSTAT},
    [NET_SOCKSTAT] = {sockstat, OF_SOCKSTAT},
    [NET_SNMP] = {snmp, OF_SNMP},
    [NET_SNMP6] = {snmp6, 0},
};

static void each_counter_has_its_number(void **state)
{
    struct kernel_reading r = {.known = 0};

    (void)state;
    for (enum kernel_file i = 0; i < NET_FILES; i++)
        parse(i, file[i].text, strlen(file[i].text), &r);
    assert_int_equal(r.known, OF_NETSTAT | OF_SNMP | OF_SOCKSTAT);
    for (unsigned i = 0; i < KERNEL_COUNTERS; i++)
        if (r.n[i] != wanted[i])
            fail_msg("counter %u is %llu", i, (unsigned long long)r.n[i]);
}

/* A part of a file gives some of its counters, and never another number. */
static void a_file_that_was_cut_gives_no_wrong_number(void **state)
{
    (void)state;
    for (enum kernel_file i = 0; i < NET_SNMP6; i++)
        for (size_t len = 0; len <= strlen(file[i].text); len++) {
            struct kernel_reading whole = {.known = 0}, r = {.known = 0};

            parse(i, file[i].text, strlen(file[i].text), &whole);
            parse(i, file[i].text, len, &r);
            assert_false(r.known & ~whole.known);
            for (unsigned c = 0; c < KERNEL_COUNTERS; c++)
                assert_true(r.n[c] == (r.known >> c & 1 ? whole.n[c] : 0));
        }
}

/* Without IPv6's part, a sum would fall, and later seem to rise by all that is missing. */
static void udp_without_its_other_part_is_unknown(void **state)
{
    struct kernel_reading ipv4 = {.known = 0};

    (void)state;
    parse(NET_SNMP, snmp, strlen(snmp), &ipv4);
    for (size_t len = 0; len <= strlen(snmp6); len++) {
        struct kernel_reading r = ipv4;
        const char *line_end = strstr(snmp6, "Udp6InErrors"); /* the end of the line before */

        parse(NET_SNMP6, snmp6, len, &r);
        assert_int_equal(r.known & ~OF_UDP, ipv4.known & ~OF_UDP);
        for (unsigned c = 0; c < KERNEL_COUNTERS; c++)
            if (r.known >> c & 1 && OF_UDP >> c & 1)
                assert_true(r.n[c] == wanted[c]);
        assert_int_equal(r.known >> UDP_NO_PORTS & 1, snmp6 + len >= line_end);
    }
}

static void other_kernels(void **state)
{
    static const struct {
        const char *what, *text;
        enum kernel_file file;
        uint32_t known;
        enum kernel_counter counter;
        uint64_t n;
    } row[] = {
        {"another order", "TcpExt: ListenDrops X ListenOverflows\nTcpExt: 5 6 7\n", NET_NETSTAT,
         BIT(LISTEN_DROPS) | BIT(LISTEN_OVERFLOWS), LISTEN_OVERFLOWS, 7},
        {"a name that others begin with", "TcpExt: ListenDropsX TCPTimeouts2 ListenDrops\nTcpExt: 5 6 7\n", NET_NETSTAT,
         BIT(LISTEN_DROPS), LISTEN_DROPS, 7},
        {"another line first", "IpExt: ListenDrops\nIpExt: 1\nTcpExt: ListenDrops\nTcpExt: 2\n", NET_NETSTAT,
         BIT(LISTEN_DROPS), LISTEN_DROPS, 2},
        {"the largest of 32 bits", "Tcp: OutRsts\nTcp: 4294967295\n", NET_SNMP, BIT(OUT_RSTS), OUT_RSTS, UINT32_MAX},
        {"19 digits", "Tcp: OutRsts\nTcp: 9999999999999999999\n", NET_SNMP, BIT(OUT_RSTS), OUT_RSTS,
         9999999999999999999u},
        {"20 digits", "Tcp: OutRsts InErrs\nTcp: 18446744073709551615 1\n", NET_SNMP, BIT(TCP_IN_ERRS), OUT_RSTS, 0},
        {"a sign", "Tcp: OutRsts InErrs\nTcp: -1 1\n", NET_SNMP, BIT(TCP_IN_ERRS), OUT_RSTS, 0},
        {"fewer numbers than names", "Tcp: InErrs OutRsts\nTcp: 1\n", NET_SNMP, BIT(TCP_IN_ERRS), OUT_RSTS, 0},
        {"names without numbers", "Tcp: InErrs OutRsts\n", NET_SNMP, 0, OUT_RSTS, 0},
        {"numbers of another line", "Tcp: InErrs\nUdp: 1\n", NET_SNMP, 0, OUT_RSTS, 0},
        {"letters", "sockets: used x\nTCP: mem 1x orphan 0\n", NET_SOCKSTAT, BIT(TCP_ORPHAN), TCP_ORPHAN, 0},
        {"empty", "", NET_SOCKSTAT, 0, TCP_ORPHAN, 0},
        {"no text", "\n\n\t \n", NET_NETSTAT, 0, TCP_ORPHAN, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct kernel_reading r = {.known = 0};

        parse(row[i].file, row[i].text, strlen(row[i].text), &r);
        assert_row(r.known == row[i].known && r.n[row[i].counter] == row[i].n, row[i].what);
    }
}

static void conntrack(void **state)
{
    static const struct {
        const char *text;
        bool known;
        uint64_t n;
    } row[] = {
        {"entries  clashres found new\n00001a2f  00000000 00000000 00000000\n00001a2f  00000000\n", true, 0x1a2f},
        {"entries searched found\nffffffff 0 0\n", true, UINT32_MAX},
        {"entries\n0 1\n", true, 0},
        {"entries\n1a2f", false, 0}, /* cut */
        {"entries\n", false, 0},
        {"entries", false, 0},
        {"", false, 0},
        {"entries\n 1\n", false, 0},
        {"entries\n1g 0\n", false, 0},
        {"entries\n123456789 0\n", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct kernel_reading r = {.known = 0};
        size_t len = strlen(row[i].text);

        kernel_parse_conntrack(flush_copy(row[i].text, len), len, &r);
        assert_row((r.known == (row[i].known ? BIT(CONNTRACK_COUNT) : 0)) && r.n[CONNTRACK_COUNT] == row[i].n,
                   row[i].text);
    }
}

static void a_file_of_one_number(void **state)
{
    static const char *const bad[] = {"", "\n", "262144", "-1\n", "1 2\n", "1\n\n"};
    struct kernel_reading r = {.known = 0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        kernel_parse_number(flush_copy(bad[i], strlen(bad[i])), strlen(bad[i]), CONNTRACK_MAX, &r);
        assert_row(!r.known, bad[i]);
    }
    kernel_parse_number(flush_copy("262144\n", 7), 7, CONNTRACK_MAX, &r);
    assert_int_equal(r.known, BIT(CONNTRACK_MAX));
    assert_int_equal(r.n[CONNTRACK_MAX], 262144);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_counter_has_its_number),
        cmocka_unit_test(a_file_that_was_cut_gives_no_wrong_number),
        cmocka_unit_test(udp_without_its_other_part_is_unknown),
        cmocka_unit_test(other_kernels),
        cmocka_unit_test(conntrack),
        cmocka_unit_test(a_file_of_one_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
