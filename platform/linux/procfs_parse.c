#include "procfs_parse.h"

#include <errno.h>
#include <string.h>

#include "linux.h"
#include "platform.h"

struct text {
    const char *at, *end;
};

static void skip_blanks(struct text *t)
{
    while (t->at < t->end && *t->at == ' ')
        t->at++;
}

static bool skip_char(struct text *t, char c)
{
    if (t->at == t->end || *t->at != c)
        return false;
    t->at++;
    return true;
}

/* Returns true at the end of a column. */
static bool at_gap(const struct text *t)
{
    return t->at == t->end || *t->at == ' ';
}

/* Skips one column: blanks, then at least one other byte. Returns false if it is absent. */
static bool skip_column(struct text *t)
{
    const char *start;

    skip_blanks(t);
    for (start = t->at; t->at < t->end && *t->at != ' ';)
        t->at++;
    return t->at > start;
}

/* Parses exactly `digits` upper-case hexadecimal digits, as the kernel prints with %0NX. */
static bool read_hex(struct text *t, int digits, uint32_t *out)
{
    uint32_t value = 0;

    for (; digits; digits--, t->at++) {
        char c = t->at < t->end ? *t->at : '\0';

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if (c >= 'A' && c <= 'F')
            value = value << 4 | (uint32_t)(c - 'A' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

static bool read_decimal(struct text *t, uint32_t *out)
{
    uint64_t value = 0;
    const char *start = t->at;

    for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
        value = value * 10 + (uint64_t)(*t->at - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *out = (uint32_t)value;
    return t->at > start;
}

/* Parses an address of 8 or 32 digits, ":" and a port. */
static bool read_address(struct text *t, uint32_t words[4], bool *v6, uint32_t *port)
{
    skip_blanks(t);
    if (!read_hex(t, 8, &words[0]))
        return false;
    *v6 = t->at < t->end && *t->at != ':';
    for (int i = 1; *v6 && i < 4; i++)
        if (!read_hex(t, 8, &words[i]))
            return false;
    return skip_char(t, ':') && read_hex(t, 4, port) && at_gap(t);
}

int procfs_parse_header(const char *line, size_t len)
{
    struct text t = {line, line + len};
    const char *start;

    skip_blanks(&t);
    start = t.at;
    if (!skip_column(&t) || t.at - start != 2 || memcmp(start, "sl", 2))
        return -EBADMSG;
    skip_blanks(&t);
    return t.end - t.at >= 13 && !memcmp(t.at, "local_address", 13) ? 0 : -EBADMSG;
}

static bool skip_columns(struct text *t, int n)
{
    while (n && skip_column(t))
        n--;
    skip_blanks(t);
    return !n;
}

/* Reads the last columns of a UDP socket's row, ref pointer drops, if they are there. */
static void read_drops(struct text *t, struct sock *s)
{
    uint32_t drops;

    if (!skip_columns(t, 2) || !read_decimal(t, &drops) || !at_gap(t))
        return;
    s->drops = drops;
    s->known |= SOCK_DROPS;
}

int procfs_parse_row(const char *line, size_t len, enum protocol protocol, struct sock *s)
{
    struct text t = {line, line + len};
    uint32_t local[4], remote[4], port, remote_port, state, tx_queue, rx_queue;
    bool v6, remote_v6;

    memset(s, 0, sizeof *s);
    s->protocol = (uint8_t)protocol;
    s->known = SOCK_PORT | SOCK_OWNER;
    if (len > PROCFS_LINE_MAX || !skip_column(&t) || !read_address(&t, local, &v6, &port) ||
        !read_address(&t, remote, &remote_v6, &remote_port) || remote_v6 != v6)
        return -EBADMSG;
    skip_blanks(&t);
    if (!read_hex(&t, 2, &state) || !at_gap(&t))
        return -EBADMSG;
    skip_blanks(&t);
    if (!read_hex(&t, 8, &tx_queue) || !skip_char(&t, ':') || !read_hex(&t, 8, &rx_queue))
        return -EBADMSG;
    /* tr:tm->when retrnsmt uid timeout */
    if (!at_gap(&t) || !skip_columns(&t, 4) || !read_decimal(&t, &s->inode) || !at_gap(&t))
        return -EBADMSG;
    sock_set_address(s, (const uint8_t *)local, v6);
    sock_set_remote(s, (const uint8_t *)remote, v6, (uint16_t)remote_port);
    s->local_port = (uint16_t)port;
    s->state = (uint8_t)linux_tcp_state(state);
    if ((protocol == PROTOCOL_UDP || s->state == STATE_CLOSE_WAIT) && s->inode)
        s->cookie = PROCFS_COOKIE | s->inode;
    if (protocol == PROTOCOL_TCP && s->state == STATE_LISTEN) { /* its limit is not there (net/ipv4/tcp_ipv4.c) */
        s->known |= SOCK_QUEUE;
        s->rx_queue = rx_queue;
    } else {
        linux_set_queues(s, rx_queue, tx_queue);
    }
    if (protocol == PROTOCOL_UDP)
        read_drops(&t, s);
    return 0;
}

bool procfs_parse_queue(const char *line, size_t len, uint64_t inode, struct net_queue *out)
{
    struct sock s;

    if (procfs_parse_row(line, len, PROTOCOL_UDP, &s) || s.inode != inode || !(s.known & SOCK_DROPS))
        return false;
    out->used = s.rx_queue;
    out->drops = s.drops;
    return true;
}
