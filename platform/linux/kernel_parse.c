#include "kernel_parse.h"

#include <string.h>

#include "base/text.h"
#include "sockstat_parse.h"

const char kernel_file_name[NET_FILES][9] = {
    [NET_NETSTAT] = "netstat", [NET_SOCKSTAT] = "sockstat", [NET_SNMP] = "snmp", [NET_SNMP6] = "snmp6"};

/* The line of a file that has some counters. */
enum line { TCP_EXT, SOCKETS, TCP_INUSE, TCP, UDP, LINES };

static const struct {
    uint8_t file;
    char word[9]; /* its first */
} lines[] = {
    [TCP_EXT] = {NET_NETSTAT, "TcpExt:"}, [SOCKETS] = {NET_SOCKSTAT, "sockets:"},
    [TCP_INUSE] = {NET_SOCKSTAT, "TCP:"}, [TCP] = {NET_SNMP, "Tcp:"},
    [UDP] = {NET_SNMP, "Udp:"},
};

static const struct row {
    uint8_t line, counter;
    char name[21];
} rows[] = {
    {TCP_EXT, LISTEN_OVERFLOWS, "ListenOverflows"},
    {TCP_EXT, LISTEN_DROPS, "ListenDrops"},
    {TCP_EXT, SYNCOOKIES_SENT, "SyncookiesSent"},
    {TCP_EXT, REQ_QUEUE_FULL_DROP, "TCPReqQFullDrop"},
    {TCP_EXT, REQ_QUEUE_FULL_COOKIES, "TCPReqQFullDoCookies"},
    {TCP_EXT, SYN_RETRANS, "TCPSynRetrans"},
    {TCP_EXT, TIMEOUTS, "TCPTimeouts"},
    {TCP_EXT, ABORT_ON_MEMORY, "TCPAbortOnMemory"},
    {TCP_EXT, ABORT_ON_TIMEOUT, "TCPAbortOnTimeout"},
    {SOCKETS, SOCKETS_USED, "used"},
    {TCP_INUSE, TCP_ORPHAN, "orphan"},
    {TCP_INUSE, TCP_MEM_PAGES, "mem"},
    {TCP, RETRANS_SEGS, "RetransSegs"},
    {TCP, TCP_IN_ERRS, "InErrs"},
    {TCP, OUT_RSTS, "OutRsts"},
    {TCP, ACTIVE_OPENS, "ActiveOpens"},
    {TCP, PASSIVE_OPENS, "PassiveOpens"},
    {TCP, ESTAB_RESETS, "EstabResets"},
    {UDP, UDP_IN_DATAGRAMS, "InDatagrams"},
    {UDP, UDP_OUT_DATAGRAMS, "OutDatagrams"},
    {UDP, UDP_IN_ERRORS, "InErrors"},
    {UDP, UDP_RCVBUF_ERRORS, "RcvbufErrors"},
    {UDP, UDP_SNDBUF_ERRORS, "SndbufErrors"},
    {UDP, UDP_NO_PORTS, "NoPorts"},
};

#define ROWS (sizeof rows / sizeof *rows)

static void set(struct kernel_reading *out, unsigned counter, uint64_t n)
{
    out->n[counter] = n;
    out->known |= 1u << counter;
}

/* A line whose counters are taken. */
struct taking {
    unsigned line;
    struct kernel_reading *out;
    uint32_t found; /* of snmp6 */
};

/* Returns the line's row with this name, or NULL. */
static const struct row *row_of(unsigned line, const char *name, size_t len)
{
    for (const struct row *row = rows; row < rows + ROWS; row++)
        if (row->line == line && *row->name == *name && len < sizeof row->name && !memcmp(row->name, name, len) &&
            !row->name[len])
            return row;
    return NULL;
}

/* A counter_fn. */
static void take(void *ctx, const char *name, size_t name_len, const char *number, size_t len)
{
    const struct taking *t = ctx;
    const struct row *row = row_of(t->line, name, name_len);
    uint64_t n;

    if (row && sockstat_parse_number(number, len, &n))
        set(t->out, row->counter, n);
}

/* A counter_fn that adds a counter of UDP over IPv6, "Udp6InDatagrams". */
static void add_udp6(void *ctx, const char *name, size_t name_len, const char *number, size_t len)
{
    static const char head[4] = "Udp6";
    struct taking *t = ctx;
    const struct row *row;
    uint64_t n;

    if (name_len < sizeof head || memcmp(name, head, sizeof head))
        return;
    row = row_of(UDP, name + sizeof head, name_len - sizeof head);
    if (!row || t->found >> row->counter & 1 || !sockstat_parse_number(number, len, &n))
        return;
    t->out->n[row->counter] += n;
    t->found |= 1u << row->counter;
}

static void parse_snmp6(const char *text, size_t len, struct kernel_reading *out)
{
    struct taking t = {.out = out};

    snmp6_walk(text, len, add_udp6, &t);
    for (const struct row *row = rows; row < rows + ROWS; row++)
        if (row->line == UDP && !(t.found >> row->counter & 1))
            out->known &= ~(1u << row->counter);
}

void kernel_parse(enum kernel_file file, const char *text, size_t len, struct kernel_reading *out)
{
    struct taking t = {.out = out};
    uint64_t n;

    if (file == NET_SNMP6)
        parse_snmp6(text, len, out);
    for (; t.line < LINES && file != NET_SOCKSTAT; t.line++)
        if (lines[t.line].file == file)
            snmp_walk(text, len, lines[t.line].word, take, &t);
    for (const struct row *row = rows; row < rows + ROWS && file == NET_SOCKSTAT; row++)
        if (lines[row->line].file == file && sockstat_parse(text, len, lines[row->line].word, row->name, &n))
            set(out, row->counter, n);
}

void kernel_parse_conntrack(const char *text, size_t len, struct kernel_reading *out)
{
    const char *line = memchr(text, '\n', len), *end = text + len;
    uint32_t n = 0;

    if (!line)
        return;
    line++;
    end = memchr(line, ' ', (size_t)(end - line));
    if (!end || end == line || end - line > 8)
        return;
    for (; line < end; line++) {
        int digit = text_hex(*line);

        if (digit < 0)
            return;
        n = n << 4 | (uint32_t)digit;
    }
    set(out, CONNTRACK_COUNT, n);
}

void kernel_parse_number(const char *text, size_t len, enum kernel_counter counter, struct kernel_reading *out)
{
    uint64_t n = 0;

    if (len && text[len - 1] == '\n' && sockstat_parse_number(text, len - 1, &n))
        set(out, counter, n);
}
