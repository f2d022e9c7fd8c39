/* The same sockets, in the format of each operating system's kernel, must give the same series. */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "count/owners.h"
#include "darwin/pcblist_parse.h"
#include "freebsd/pcblist_parse.h"
#include "linux.h"
#include "netlink_parse.h"
#include "procfs_parse.h"
#include "unit/count/tally_helper.h"
#include "unit/platform/bsd_helper.h"
#include "windows/mib_parse.h"

#define SOCKETS 400
#define RULES                                                                  \
    "80,*:443,8000-8100,10.0.0.1:22,[2001:db8::1]:22,[fe80::1]:22,9000-65535," \
    ">443,>10.0.0.0/31:80,>[2001:db8::]/32:80,>[fe80::1]:22,>8000-9000"

static uint8_t bytes[SOCKETS * BSD_ROW_MAX];

/* --- the imaginary machine ------------------------------------------------------------ */

static struct sock machine[SOCKETS];

static void imagine(void)
{
    static const char addresses[][16] = {"0.0.0.0", "10.0.0.1", "10.0.0.2", "::", "2001:db8::1", "fe80::1"};
    static const uint16_t ports[] = {22, 80, 443, 8000, 8050, 9000, 65535};

    any_seed(8);
    for (size_t i = 0; i < SOCKETS; i++) {
        const char *remote;

        machine[i] = sock_of(i % 5 ? PROTOCOL_TCP : PROTOCOL_UDP, addresses[any(COUNT_OF(addresses))],
                             ports[any(COUNT_OF(ports))], (enum tcp_state)any(STATE_COUNT), any(4) ? 1 + any(50) : 0);
        remote = addresses[any(3) + (machine[i].ip_version == 6 ? 3 : 0)];
        if (machine[i].protocol == PROTOCOL_TCP && machine[i].state != STATE_LISTEN)
            connect_to(&machine[i], remote, ports[any(COUNT_OF(ports))]);
        if (machine[i].protocol == PROTOCOL_TCP && machine[i].state == STATE_LISTEN) {
            machine[i].known |= SOCK_QUEUE | SOCK_LIMIT;
            machine[i].tx_queue = any(4097);
            machine[i].rx_queue = any(machine[i].tx_queue + 2);
        }
    }
}

/* Returns whether this socket is IPv6 to the kernel. Every other IPv4 socket is. */
static bool looks_v6(size_t i)
{
    return machine[i].ip_version == 6 || i % 2;
}

static void put_address(size_t i, const uint8_t address[16], uint8_t out[16])
{
    memset(out, 0, 16);
    if (!looks_v6(i) || machine[i].ip_version == 6) {
        memcpy(out, address, 16);
    } else {
        memset(out + 10, 0xff, 2);
        memcpy(out + 12, address, 4);
    }
}

static void address_of(size_t i, uint8_t out[16])
{
    put_address(i, machine[i].local, out);
}

static void remote_of(size_t i, uint8_t out[16])
{
    put_address(i, machine[i].remote, out);
}

static void put_port(void *out, uint16_t port)
{
    memcpy(out, (uint8_t[]){(uint8_t)(port >> 8), (uint8_t)port}, 2);
}

/* --- its kernels ---------------------------------------------------------------------- */

/* Returns a kernel's number of a state, by trying all numbers in the table under test. */
static uint32_t number_of(enum tcp_state (*table)(uint32_t), enum tcp_state state)
{
    for (uint32_t n = 1; n < 256; n++)
        if (table(n) == state)
            return n;
    fail();
    return 0;
}

static enum tcp_state linux_state(uint32_t n)
{
    return linux_tcp_state(n);
}

static uint32_t linux_number(size_t i)
{
    return number_of(linux_state, (enum tcp_state)machine[i].state);
}

struct feed {
    enum protocol protocol;
    sock_fn *emit;
    void *ctx;
    struct poll_report *report;
};

static void feed_netlink(const struct feed *f)
{
    struct netlink_dump dump = {.seq = 7, .protocol = f->protocol, .emit = f->emit, .ctx = f->ctx, .report = f->report};
    struct {
        struct nlmsghdr header;
        struct inet_diag_msg body;
    } row;

    for (size_t i = 0; i < SOCKETS; i++) {
        if (machine[i].protocol != f->protocol)
            continue;
        memset(&row, 0, sizeof row);
        row.header = (struct nlmsghdr){.nlmsg_len = sizeof row, .nlmsg_type = 20, .nlmsg_seq = 7};
        row.body.idiag_family = looks_v6(i) ? 10 : 2;
        row.body.idiag_state = (uint8_t)linux_number(i);
        address_of(i, (uint8_t *)row.body.id.idiag_src);
        remote_of(i, (uint8_t *)row.body.id.idiag_dst);
        row.body.idiag_rqueue = machine[i].rx_queue;
        row.body.idiag_wqueue = machine[i].tx_queue;
        put_port(&row.body.id.idiag_sport, machine[i].local_port);
        put_port(&row.body.id.idiag_dport, machine[i].remote_port);
        assert_int_equal(netlink_parse(&row, sizeof row, &dump), NETLINK_MORE);
    }
}

static char *put_column(char *at, size_t i, const uint8_t ip[16], uint16_t port)
{
    uint8_t address[16];
    uint32_t word[4];

    put_address(i, ip, address);
    memcpy(word, address, sizeof word);
    for (int k = 0; k < (looks_v6(i) ? 4 : 1); k++)
        at += sprintf(at, "%08X", word[k]);
    return at + sprintf(at, ":%04X ", port);
}

static void feed_procfs(const struct feed *f)
{
    for (size_t i = 0; i < SOCKETS; i++) {
        char line[200], *at = line;
        struct sock s;

        if (machine[i].protocol != f->protocol)
            continue;
        at += sprintf(at, "   0: ");
        at = put_column(at, i, machine[i].local, machine[i].local_port);
        at = put_column(at, i, machine[i].remote, machine[i].remote_port);
        sprintf(at, "%02X 00000000:00000000 00:00000000 00000000     0        0 42 1", linux_number(i));
        assert_int_equal(procfs_parse_row(line, strlen(line), f->protocol, &s), 0);
        f->emit(f->ctx, &s, 1);
    }
}

static uint8_t *put_u32(uint8_t *at, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        *at++ = (uint8_t)(n >> 8 * i);
    return at;
}

static uint8_t *put_end(uint8_t *at, const uint8_t address[16], uint16_t port, bool v6)
{
    memcpy(at, address, v6 ? 16 : 4);
    at += v6 ? 16 : 4;
    if (v6)
        at = put_u32(at, 0); /* scope */
    return put_u32(at, (uint32_t)(port >> 8) | (uint32_t)(port & 255) << 8);
}

static void feed_windows(const struct feed *f)
{
    for (int v6 = 0; v6 < 2; v6++) {
        const struct mib_table table = {f->protocol, v6, MIB_ALL};
        uint8_t *at = bytes + 4, address[16], remote[16];
        uint32_t n = 0;

        for (size_t i = 0; i < SOCKETS; i++) {
            uint32_t state;

            if (machine[i].protocol != f->protocol || looks_v6(i) != v6)
                continue;
            address_of(i, address);
            remote_of(i, remote);
            state = number_of(mib_tcp_state, (enum tcp_state)machine[i].state);
            if (f->protocol == PROTOCOL_TCP && !v6)
                at = put_u32(at, state);
            at = put_end(at, address, machine[i].local_port, v6);
            if (f->protocol == PROTOCOL_TCP)
                at = put_end(at, remote, machine[i].remote_port, v6);
            if (f->protocol == PROTOCOL_TCP && v6)
                at = put_u32(at, state);
            at = put_u32(at, machine[i].pid);
            n++;
        }
        put_u32(bytes, n);
        assert_int_equal(mib_parse(bytes, (size_t)(at - bytes), &table, f->emit, f->ctx), 0);
    }
}

static void feed_macos(const struct feed *f)
{
    const struct pcblist list = {.protocol = f->protocol, .emit = f->emit, .ctx = f->ctx, .report = f->report};

    assert_int_equal(darwin_pcblist_parse(bytes, darwin_encode(f->protocol, machine, SOCKETS, bytes), &list), 0);
}

static void feed_freebsd(const struct feed *f)
{
    const struct pcblist list = {.protocol = f->protocol, .emit = f->emit, .ctx = f->ctx, .report = f->report};

    assert_int_equal(freebsd_pcblist_parse(bytes, freebsd_encode(f->protocol, machine, SOCKETS, bytes), &list), 0);
}

static void feed_rows(const struct feed *f)
{
    for (size_t i = 0; i < SOCKETS; i++)
        if (machine[i].protocol == f->protocol)
            f->emit(f->ctx, &machine[i], 1);
}

static void feed_rows_without_limits(const struct feed *f)
{
    for (size_t i = 0; i < SOCKETS; i++)
        if (machine[i].protocol == f->protocol) {
            struct sock s = machine[i];

            s.known &= (uint8_t)~SOCK_LIMIT;
            f->emit(f->ctx, &s, 1);
        }
}

static const struct {
    const char *name;
    void (*feed)(const struct feed *f);
    bool limits; /* rows have the limits of accept queues */
} systems[] = {
    {"Linux netlink", feed_netlink, true}, {"Linux procfs", feed_procfs, false}, {"Windows", feed_windows, false},
    {"macOS", feed_macos, true},           {"FreeBSD", feed_freebsd, true},
};
enum { WINDOWS = 2, MACOS = 3 };

/* --- what all of them give -------------------------------------------------------------- */

static size_t put_counts(char *out, size_t at, size_t cap, const char *name, int ip_version, const struct total *total)
{
    at += (size_t)snprintf(out + at, cap - at, "%s/%d:", name, ip_version);
    for (unsigned field = 0; field < FIELD_COUNT; field++)
        at += (size_t)snprintf(out + at, cap - at, " %u", (unsigned)total->count[field]);
    assert_true(at < cap);
    return at + (size_t)snprintf(out + at, cap - at, "\n");
}

/* Writes an accept queue whose limit is known. */
static size_t put_queue(char *out, size_t at, size_t cap, const struct accept_queue *queue)
{
    if (queue->pushed >> QUEUE_LIMIT & 1)
        at += (size_t)snprintf(out + at, cap - at, "queue: %u of %u\n", (unsigned)queue->value[QUEUE_DEPTH],
                               (unsigned)queue->value[QUEUE_LIMIT]);
    assert_true(at < cap);
    assert_false(queue->pushed >> QUEUE_PEAK & 1);
    return at;
}

/* Writes a poll's series as text, and the pids of their owners into pid, by series. */
static uint32_t series_of(void (*feed)(const struct feed *f), char *out, size_t cap, int *pid)
{
    struct poll_report report = {0};
    struct polls p;
    struct owners owners;
    size_t at = 0;
    uint32_t n;

    polls_init(&p, RULES, 1000);
    owners_init(&owners, &p.tally, "/nowhere", &p.arena);
    poll_begin(&p);
    for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
        feed(&(struct feed){(enum protocol)protocol, tally_sock, &p.tally, &report});
    tally_end_tcp(&p.tally, false, true);
    tally_end(&p.tally);
    owners_update(&owners, &p.tally);
    at = put_counts(out, at, cap, "all", 4, &p.tally.total[0]);
    at = put_counts(out, at, cap, "all", 6, &p.tally.total[1]);
    at += (size_t)snprintf(out + at, cap - at, "fullest: %u, %u\n", (unsigned)p.tally.total[0].fullest,
                           (unsigned)p.tally.total[1].fullest);
    n = tally_count(&p.tally);
    for (uint32_t i = 0; i < n; i++) {
        const struct series *s = tally_series(&p.tally, i);
        struct total counts;
        char text[ADDR_PORT_MAX];

        for (unsigned field = 0; field < FIELD_COUNT; field++)
            counts.count[field] = s->count[field];
        at = put_counts(out, at, cap, series_addr_port(&p.tally, s, text), s->ip_version, &counts);
        at = put_queue(out, at, cap, &s->queue);
        pid[i] = s->owner.pid;
    }
    polls_free(&p);
    return n;
}

static void every_systems_tables_are_the_same_series(void **state)
{
    static char with[65536], without[65536], found[65536];
    int owner[COUNT_OF(systems)][100], nobody[100];
    uint32_t n, owned = 0;

    (void)state;
    imagine();
    n = series_of(feed_rows, with, sizeof with, nobody);
    assert_true(n > 12);
    assert_int_equal(series_of(feed_rows_without_limits, without, sizeof without, nobody), n);
    assert_string_not_equal(with, without);
    for (size_t i = 0; i < COUNT_OF(systems); i++) {
        const char *expected = systems[i].limits ? with : without;

        assert_int_equal(series_of(systems[i].feed, found, sizeof found, owner[i]), n);
        if (strcmp(found, expected))
            print_error("%s:\n%s\nexpected:\n%s\n", systems[i].name, found, expected);
        assert_string_equal(found, expected);
    }
    /* systems that name owners must name the same */
    for (uint32_t k = 0; k < n; k++) {
        assert_int_equal(owner[WINDOWS][k], owner[MACOS][k]);
        owned += owner[WINDOWS][k] != 0;
    }
    assert_true(owned > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_systems_tables_are_the_same_series),
    };

    return cmocka_run_group_tests_name("systems", tests, NULL, NULL);
}
