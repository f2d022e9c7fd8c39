#include "kernel_parse.h"

#include <string.h>

#include "base/text.h"
#include "sockstat_parse.h"

const char kernel_file_name[NET_FILES][9] = {
    [NET_NETSTAT] = "netstat", [NET_SOCKSTAT] = "sockstat", [NET_SNMP] = "snmp", [NET_SNMP6] = "snmp6"};

/* The line of a file that has some counters. */
enum line { TCP_EXT, SOCKETS, TCP_INUSE, TCP, UDP };

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

/* Adds the counters of UDP over IPv6: a line for each, which begins with its name, "Udp6InDatagrams". */
static void parse_snmp6(const char *text, size_t len, struct kernel_reading *out)
{
    char name[sizeof "Udp6" + sizeof rows->name] = "Udp6";

    for (const struct row *row = rows; row < rows + ROWS; row++) {
        uint64_t n;

        if (row->line != UDP)
            continue;
        strcpy(name + 4, row->name);
        if (sockstat_parse(text, len, name, "", &n))
            out->n[row->counter] += n;
        else
            out->known &= ~(1u << row->counter);
    }
}

void kernel_parse(enum kernel_file file, const char *text, size_t len, struct kernel_reading *out)
{
    if (file == NET_SNMP6) {
        parse_snmp6(text, len, out);
        return;
    }
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        const char *line = lines[row->line].word;
        uint64_t n;

        if (lines[row->line].file != file)
            continue;
        if (file == NET_SOCKSTAT ? sockstat_parse(text, len, line, row->name, &n)
                                 : snmp_parse(text, len, line, row->name, &n))
            set(out, row->counter, n);
    }
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
