/* Reads the tables that Windows copies as a whole. The room for them is kept, and grows with them. */
#include "tables.h"

#include <errno.h>
#include <stddef.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
/* needs the headers above */
#include <iphlpapi.h>

#include "mib_parse.h"
#include "platform.h"
#include "wsa.h"

/* Checks what the parser assumes of Windows' headers. */
#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #b)
#define SAME_ROW(type, row, address, local_port)  \
    SAME(sizeof(type), row##_SIZE);               \
    SAME(offsetof(type, address), row##_ADDRESS); \
    SAME(offsetof(type, local_port), row##_PORT); \
    SAME(offsetof(type, dwOwningPid), row##_PID)

SAME_ROW(MIB_TCPROW_OWNER_PID, TCP_ROW, dwLocalAddr, dwLocalPort);
SAME_ROW(MIB_TCP6ROW_OWNER_PID, TCP6_ROW, ucLocalAddr, dwLocalPort);
SAME_ROW(MIB_UDPROW_OWNER_PID, UDP_ROW, dwLocalAddr, dwLocalPort);
SAME_ROW(MIB_UDP6ROW_OWNER_PID, UDP6_ROW, ucLocalAddr, dwLocalPort);
SAME(offsetof(MIB_TCPROW_OWNER_PID, dwRemoteAddr), TCP_ROW_REMOTE);
SAME(offsetof(MIB_TCPROW_OWNER_PID, dwRemotePort), TCP_ROW_REMOTE_PORT);
SAME(offsetof(MIB_TCP6ROW_OWNER_PID, ucRemoteAddr), TCP6_ROW_REMOTE);
SAME(offsetof(MIB_TCP6ROW_OWNER_PID, dwRemotePort), TCP6_ROW_REMOTE_PORT);
SAME(offsetof(MIB_TCPROW_OWNER_PID, dwState), TCP_ROW_STATE);
SAME(offsetof(MIB_TCP6ROW_OWNER_PID, dwState), TCP6_ROW_STATE);
SAME(offsetof(MIB_TCPTABLE_OWNER_PID, table), 4);
SAME(offsetof(MIB_TCP6TABLE_OWNER_PID, table), 4);
SAME(offsetof(MIB_UDPTABLE_OWNER_PID, table), 4);
SAME(offsetof(MIB_UDP6TABLE_OWNER_PID, table), 4);
SAME(MIB_TCP_STATE_CLOSED, MIB_CLOSED);
SAME(MIB_TCP_STATE_LISTEN, MIB_LISTEN);
SAME(MIB_TCP_STATE_SYN_SENT, MIB_SYN_SENT);
SAME(MIB_TCP_STATE_SYN_RCVD, MIB_SYN_RCVD);
SAME(MIB_TCP_STATE_ESTAB, MIB_ESTAB);
SAME(MIB_TCP_STATE_FIN_WAIT1, MIB_FIN_WAIT1);
SAME(MIB_TCP_STATE_FIN_WAIT2, MIB_FIN_WAIT2);
SAME(MIB_TCP_STATE_CLOSE_WAIT, MIB_CLOSE_WAIT);
SAME(MIB_TCP_STATE_CLOSING, MIB_CLOSING);
SAME(MIB_TCP_STATE_LAST_ACK, MIB_LAST_ACK);
SAME(MIB_TCP_STATE_TIME_WAIT, MIB_TIME_WAIT);
SAME(MIB_TCP_STATE_DELETE_TCB, MIB_DELETE_TCB);

#define ROOM_FIRST    16384
#define ROOM_MAX      (1u << 30)
#define TRIES         3
#define TABLE_CHANGED ((DWORD)0xC0000001) /* STATUS_UNSUCCESSFUL: the table grew within the call */

struct room {
    void *data;
    size_t cap;
    long len; /* bytes read, or -errno */
};

struct backend_state {
    bool listeners_first;
    struct recording *recording;
    struct room room[2]; /* IPv4, IPv6 */
};

static int make_room(struct room *r, size_t cap)
{
    if (cap > ROOM_MAX)
        return -ENOMEM;
    if (r->data)
        platform_memory_free(r->data, r->cap);
    r->data = platform_memory_alloc(cap);
    r->cap = r->data ? cap : 0;
    return r->data ? 0 : -ENOMEM;
}

static void close_iphlpapi(struct backend_state *state)
{
    for (int v6 = 0; v6 < 2; v6++)
        if (state->room[v6].data)
            platform_memory_free(state->room[v6].data, state->room[v6].cap);
    platform_memory_free(state, sizeof *state);
}

static int open_iphlpapi(struct backend_state **out, const struct backend_want *want)
{
    struct backend_state *state = platform_memory_alloc(sizeof *state);

    if (!state)
        return -ENOMEM;
    state->listeners_first = want->listeners_first;
    state->recording = want->recording;
    if (make_room(&state->room[0], ROOM_FIRST) || make_room(&state->room[1], ROOM_FIRST)) {
        close_iphlpapi(state);
        return -ENOMEM;
    }
    *out = state;
    return 0;
}

static DWORD get_table(enum protocol protocol, bool v6, void *data, DWORD *size)
{
    ULONG family = v6 ? AF_INET6 : AF_INET;

    if (protocol == PROTOCOL_UDP)
        return GetExtendedUdpTable(data, size, FALSE, family, UDP_TABLE_OWNER_PID, 0);
    return GetExtendedTcpTable(data, size, FALSE, family, TCP_TABLE_OWNER_PID_ALL, 0);
}

static int error_of(DWORD code)
{
    switch (code) {
    case ERROR_INSUFFICIENT_BUFFER:
    case TABLE_CHANGED: return -ENOBUFS;
    case ERROR_NOT_SUPPORTED:
    case ERROR_INVALID_PARAMETER: /* a family that is not installed */ return -EAFNOSUPPORT;
    default: return wsa_errno(code);
    }
}

/* Reads a table, which may grow after its size was reported: tries with an eighth more, up to TRIES times. Returns its
 * bytes, or -errno. */
static long read_table(struct room *r, enum protocol protocol, bool v6)
{
    for (int i = 1;; i++) {
        DWORD size = (DWORD)r->cap, code = get_table(protocol, v6, r->data, &size);
        size_t more = size > r->cap ? size : r->cap;

        if (code == NO_ERROR)
            return (long)r->cap;
        if ((code != ERROR_INSUFFICIENT_BUFFER && code != TABLE_CHANGED) || i == TRIES)
            return error_of(code);
        if (make_room(r, more + more / 8 + ROOM_FIRST))
            return -ENOMEM;
    }
}

/* Reads a table through the recording, which holds the table without the spare room. A replay reports only whether the
 * table fits. */
static void pass_table(struct backend_state *state, enum protocol protocol, bool v6)
{
    struct room *r = &state->room[v6];
    const struct mib_table table = {.protocol = protocol, .v6 = v6};

    r->len = recording_replays(state->recording) ? 0 : read_table(r, protocol, v6);
    if (r->len > 0)
        r->len = (long)mib_size(r->data, (size_t)r->len, &table);
    do
        r->len = recording_pass(state->recording, r->data, r->cap, r->len);
    while (r->len == -EMSGSIZE && !make_room(r, 2 * r->cap));
}

static int emit_rows(struct backend_state *state, struct mib_table table, sock_fn *emit, void *ctx,
                     struct poll_report *report)
{
    int ret = 0;

    for (int v6 = 0; v6 <= report->ipv6 && !ret; v6++) {
        table.v6 = v6;
        ret = mib_parse(state->room[v6].data, (size_t)state->room[v6].len, &table, emit, ctx);
    }
    return ret;
}

static int poll_iphlpapi(struct backend_state *state, enum protocol protocol, sock_fn *emit, void *ctx,
                         struct poll_report *report)
{
    struct mib_table table = {.protocol = protocol, .rows = MIB_ALL};
    int ret;

    pass_table(state, protocol, false);
    pass_table(state, protocol, true);
    if (state->room[0].len < 0)
        return (int)state->room[0].len;
    if (state->room[1].len < 0 && state->room[1].len != -EAFNOSUPPORT)
        return (int)state->room[1].len;
    report->ipv6 = state->room[1].len >= 0;
    if (protocol == PROTOCOL_UDP || !state->listeners_first)
        return emit_rows(state, table, emit, ctx, report);
    table.rows = MIB_LISTENERS;
    ret = emit_rows(state, table, emit, ctx, report);
    table.rows = MIB_OTHERS;
    return ret ? ret : emit_rows(state, table, emit, ctx, report);
}

const struct backend backend_iphlpapi = {
    .name = "iphlpapi",
    .open = open_iphlpapi,
    .poll = poll_iphlpapi,
    .close = close_iphlpapi,
};
