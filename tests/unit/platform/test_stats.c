/* The counters of macOS and FreeBSD, in structs of numbers: which number counts for which counter, whatever the length.
 * Windows' are read in the same way, and tests/e2e/windows compares them with the kernel's. */
#include <string.h>

#include "darwin/kernel_parse.h"
#include "freebsd/kernel_parse.h"
#include "other/stats_parse.h"
#include "unit/helper.h"

#define NUMBERS_MAX 256

/* The first numbers of bsd/netinet/tcp_var.h's struct tcpstat, declared from the public sources of XNU. */
struct macos_tcpstat {
    uint32_t connattempt, accepts, connects, drops, conndrops, closed, segstimed, rttupdated, delack, timeoutdrop,
        rexmttimeo, persisttimeo, keeptimeo, keepprobe, keepdrops;
    uint32_t sndtotal, sndpack, sndbyte, sndrexmitpack, sndrexmitbyte, sndacks, sndprobe, sndurg, sndwinup, sndctrl;
    uint32_t rcvtotal, rcvpack, rcvbyte, rcvbadsum, rcvbadoff, rcvmemdrop, rcvshort, rcvduppack, rcvdupbyte,
        rcvpartduppack, rcvpartdupbyte, rcvoopack, rcvoobyte, rcvpackafterwin, rcvbyteafterwin, rcvafterclose,
        rcvwinprobe, rcvdupack, rcvacktoomuch, rcvackpack, rcvackbyte, rcvwinupd, pawsdrop, predack, preddat,
        pcbcachemiss, cachedrtt, cachedrttvar, cachedssthresh, usedrtt, usedrttvar, usedssthresh, persistdrop, badsyn,
        mturesent, listendrop;
};

/* Those of bsd/netinet/udp_var.h's struct udpstat. */
struct macos_udpstat {
    uint32_t ipackets, hdrops, badsum, badlen, noport, noportbcast, fullsock, pcbcachemiss, pcbhashmiss, opackets;
};

/* Those of sys/netinet/tcp_var.h's struct tcpstat, declared from the public sources of FreeBSD 13.1. */
struct freebsd_tcpstat {
    uint64_t connattempt, accepts, connects, drops, conndrops, minmssdrops, closed, segstimed, rttupdated, delack,
        timeoutdrop, rexmttimeo, persisttimeo, keeptimeo, keepprobe, keepdrops;
    uint64_t sndtotal, sndpack, sndbyte, sndrexmitpack, sndrexmitbyte, sndrexmitbad, sndacks, sndprobe, sndurg,
        sndwinup, sndctrl;
    uint64_t rcvtotal, rcvpack, rcvbyte, rcvbadsum, rcvbadoff, rcvreassfull, rcvshort, rcvduppack, rcvdupbyte,
        rcvpartduppack, rcvpartdupbyte, rcvoopack, rcvoobyte, rcvpackafterwin, rcvbyteafterwin, rcvafterclose,
        rcvwinprobe, rcvdupack, rcvacktoomuch, rcvackpack, rcvackbyte, rcvwinupd, pawsdrop, predack, preddat,
        pcbcachemiss, cachedrtt, cachedrttvar, cachedssthresh, usedrtt, usedrttvar, usedssthresh, persistdrop, badsyn,
        mturesent, listendrop;
};

/* sys/netinet/udp_var.h's struct udpstat. */
struct freebsd_udpstat {
    uint64_t ipackets, hdrops, badsum, nosum, badlen, noport, noportbcast, fullsock, pcbcachemiss, pcbhashmiss,
        opackets, fastout, noportmcast, filtermcast;
};

#define PLACE(type, member, size) (offsetof(struct type, member) / (size))

/* The places of the numbers that are read, so that each test fills only them. */
struct places {
    uint8_t connattempt, accepts, timeoutdrop, rexmttimeo, keepdrops, sndrexmitpack, rcvbadsum, rcvbadoff, rcvshort,
        persistdrop, listendrop;
    uint8_t hdrops, badsum, badlen, noport, fullsock, opackets;
};

#define PLACES(tcp, udp, size)                                                                        \
    {                                                                                                 \
        PLACE(tcp, connattempt, size), PLACE(tcp, accepts, size),    PLACE(tcp, timeoutdrop, size),   \
        PLACE(tcp, rexmttimeo, size),  PLACE(tcp, keepdrops, size),  PLACE(tcp, sndrexmitpack, size), \
        PLACE(tcp, rcvbadsum, size),   PLACE(tcp, rcvbadoff, size),  PLACE(tcp, rcvshort, size),      \
        PLACE(tcp, persistdrop, size), PLACE(tcp, listendrop, size), PLACE(udp, hdrops, size),        \
        PLACE(udp, badsum, size),      PLACE(udp, badlen, size),     PLACE(udp, noport, size),        \
        PLACE(udp, fullsock, size),    PLACE(udp, opackets, size),                                    \
    }

/* A kernel. */
static const struct system {
    const char *name;
    bsd_stats_parse_fn *parse;
    size_t size;               /* of a number, in bytes */
    size_t tcp, udp;           /* lengths of its structs, in numbers */
    size_t inserted_at, shift; /* numbers that are new before this one, since the declared struct */
    bool exact;                /* another length is another layout */
    bool unsure;               /* another layout may have the same length: only some numbers are read */
    struct places place;
} systems[] = {
    {"macOS 14", darwin_kernel_parse, 4, 200, 22, 0, 0, false, false, PLACES(macos_tcpstat, macos_udpstat, 4)},
    {"macOS, the least", darwin_kernel_parse, 4, 61, 10, 0, 0, false, false, PLACES(macos_tcpstat, macos_udpstat, 4)},
    {"FreeBSD 13.1", freebsd_kernel_parse, 8, 113, 14, 0, 0, true, false, PLACES(freebsd_tcpstat, freebsd_udpstat, 8)},
    {"FreeBSD in 2024", freebsd_kernel_parse, 8, 123, 14, 16, 1, true, true,
     PLACES(freebsd_tcpstat, freebsd_udpstat, 8)},
    {"FreeBSD in 2025", freebsd_kernel_parse, 8, 125, 14, 16, 1, true, false,
     PLACES(freebsd_tcpstat, freebsd_udpstat, 8)},
};

#define BIT(counter) (1u << (counter))
#define OF_TCP                                                                                              \
    (BIT(LISTEN_OVERFLOWS) | BIT(RETRANS_SEGS) | BIT(TIMEOUTS) | BIT(TCP_IN_ERRS) | BIT(ABORT_ON_TIMEOUT) | \
     BIT(ACTIVE_OPENS) | BIT(PASSIVE_OPENS))
#define OF_UDP (BIT(UDP_OUT_DATAGRAMS) | BIT(UDP_IN_ERRORS) | BIT(UDP_RCVBUF_ERRORS) | BIT(UDP_NO_PORTS))

/* A struct of any numbers below 2^28, so that no sum of them wraps. */
struct stats {
    uint8_t bytes[8 * NUMBERS_MAX];
    uint64_t n[NUMBERS_MAX];
    const struct system *system;
    bool tcp;
};

static void put(struct stats *s, size_t at, uint64_t n)
{
    uint32_t half = (uint32_t)n;

    s->n[at] = n;
    if (s->system->size == 4)
        memcpy(s->bytes + 4 * at, &half, 4);
    else
        memcpy(s->bytes + 8 * at, &n, 8);
}

static void fill(struct stats *s, const struct system *system, enum protocol protocol)
{
    memset(s, 0, sizeof *s);
    s->system = system;
    s->tcp = protocol == PROTOCOL_TCP;
    for (size_t i = 0; i < NUMBERS_MAX; i++)
        put(s, i, any(1u << 28));
}

/* Returns the number of a place in the declared struct. */
static uint64_t at(const struct stats *s, uint8_t place)
{
    return s->n[place + (s->tcp && place >= s->system->inserted_at ? s->system->shift : 0)];
}

static void parse(const struct stats *s, size_t len, struct kernel_reading *out)
{
    s->system->parse(s->tcp ? PROTOCOL_TCP : PROTOCOL_UDP, flush_copy(s->bytes, len), len, out);
}

static void each_counter_has_its_numbers(void **state)
{
    static struct stats tcp, udp;

    (void)state;
    for (const struct system *s = systems; s < systems + COUNT_OF(systems); s++) {
        const struct places *p = &s->place;
        struct kernel_reading r = {.known = 0};
        uint32_t of_tcp = s->unsure ? BIT(ACTIVE_OPENS) | BIT(PASSIVE_OPENS) | BIT(TIMEOUTS) : OF_TCP;
        uint64_t wanted[KERNEL_COUNTERS] = {0};

        fill(&tcp, s, PROTOCOL_TCP);
        fill(&udp, s, PROTOCOL_UDP);
        wanted[LISTEN_OVERFLOWS] = at(&tcp, p->listendrop);
        wanted[RETRANS_SEGS] = at(&tcp, p->sndrexmitpack);
        wanted[TIMEOUTS] = at(&tcp, p->rexmttimeo);
        wanted[TCP_IN_ERRS] = at(&tcp, p->rcvbadsum) + at(&tcp, p->rcvbadoff) + at(&tcp, p->rcvshort);
        wanted[ABORT_ON_TIMEOUT] = at(&tcp, p->timeoutdrop) + at(&tcp, p->keepdrops) + at(&tcp, p->persistdrop);
        wanted[ACTIVE_OPENS] = at(&tcp, p->connattempt);
        wanted[PASSIVE_OPENS] = at(&tcp, p->accepts);
        wanted[UDP_OUT_DATAGRAMS] = at(&udp, p->opackets);
        wanted[UDP_IN_ERRORS] = at(&udp, p->hdrops) + at(&udp, p->badsum) + at(&udp, p->badlen) + at(&udp, p->fullsock);
        wanted[UDP_RCVBUF_ERRORS] = at(&udp, p->fullsock);
        wanted[UDP_NO_PORTS] = at(&udp, p->noport);
        parse(&tcp, s->tcp * s->size, &r);
        assert_row(r.known == of_tcp, s->name);
        parse(&udp, s->udp * s->size, &r);
        assert_row(r.known == (of_tcp | OF_UDP), s->name);
        for (unsigned i = 0; i < KERNEL_COUNTERS; i++)
            if (r.n[i] != (r.known >> i & 1 ? wanted[i] : 0))
                fail_msg("%s: counter %u is %llu", s->name, i, (unsigned long long)r.n[i]);
    }
}

/* A number is never read from another place, nor from after the end. */
static void another_length_gives_all_or_nothing(void **state)
{
    static struct stats stats;

    (void)state;
    for (const struct system *s = systems; s < systems + COUNT_OF(systems); s++)
        for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
            size_t whole = (protocol == PROTOCOL_TCP ? s->tcp : s->udp) * s->size;
            struct kernel_reading all = {.known = 0};

            fill(&stats, s, (enum protocol)protocol);
            parse(&stats, whole, &all);
            for (size_t len = 0; len < sizeof stats.bytes; len++) {
                struct kernel_reading r = {.known = 0};

                parse(&stats, len, &r);
                if (len == whole || (!s->exact && r.known))
                    assert_memory_equal(&r, &all, sizeof r);
                else if (protocol == PROTOCOL_UDP || !s->exact)
                    assert_row(!r.known, s->name);
                else
                    assert_true(!r.known || len == 113 * 8 || len == 123 * 8 || len == 125 * 8);
            }
        }
}

/* A user other than root gets a struct tcpstat of zeros from macOS. */
static void zeros_of_macos_are_not_known(void **state)
{
    static struct stats stats;
    struct kernel_reading r = {.known = 0};

    (void)state;
    stats.system = &systems[0];
    stats.tcp = true;
    parse(&stats, systems[0].tcp * 4, &r);
    assert_int_equal(r.known, 0);
    put(&stats, systems[0].tcp - 1, 1);
    parse(&stats, systems[0].tcp * 4, &r);
    assert_int_equal(r.known, OF_TCP);
    assert_int_equal(r.n[ACTIVE_OPENS], 0);
}

/* Such a sum rises as its parts do: kernel_take tells a wrap from a counter that began anew. */
static void a_sum_of_32_bits_wraps(void **state)
{
    static const struct stats_row rows[] = {{OUT_RSTS, 0}, {OUT_RSTS, 1}};
    static const struct stats_layout four = STATS_LAYOUT(rows, 4), eight = STATS_LAYOUT(rows, 8);
    static const uint32_t before[] = {UINT32_MAX - 1, 5}, now[] = {3, 6};
    static const uint64_t large[] = {UINT32_MAX, 5};
    struct kernel k = {.based = 0};
    struct kernel_reading r = {.known = 0}, s = {.known = 0}, t = {.known = 0};

    (void)state;
    stats_parse(before, sizeof before, &four, &r);
    kernel_take(&k, &r);
    stats_parse(now, sizeof now, &four, &s);
    kernel_take(&k, &s);
    assert_int_equal(k.now.n[OUT_RSTS], 5 + 1);
    stats_parse(large, sizeof large, &eight, &t);
    assert_true(t.n[OUT_RSTS] == UINT32_MAX + UINT64_C(5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_counter_has_its_numbers),
        cmocka_unit_test(another_length_gives_all_or_nothing),
        cmocka_unit_test(zeros_of_macos_are_not_known),
        cmocka_unit_test(a_sum_of_32_bits_wraps),
    };

    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
