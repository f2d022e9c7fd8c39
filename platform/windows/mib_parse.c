#include "mib_parse.h"

#include <errno.h>

#define NONE 0xff

static const struct layout {
    uint8_t size, address, port, state, pid, remote, remote_port; /* the last two of TCP only */
} layouts[PROTOCOL_COUNT][2] = {
    [PROTOCOL_TCP] = {{TCP_ROW_SIZE, TCP_ROW_ADDRESS, TCP_ROW_PORT, TCP_ROW_STATE, TCP_ROW_PID, TCP_ROW_REMOTE,
                       TCP_ROW_REMOTE_PORT},
                      {TCP6_ROW_SIZE, TCP6_ROW_ADDRESS, TCP6_ROW_PORT, TCP6_ROW_STATE, TCP6_ROW_PID, TCP6_ROW_REMOTE,
                       TCP6_ROW_REMOTE_PORT}},
    [PROTOCOL_UDP] = {{UDP_ROW_SIZE, UDP_ROW_ADDRESS, UDP_ROW_PORT, NONE, UDP_ROW_PID, 0, 0},
                      {UDP6_ROW_SIZE, UDP6_ROW_ADDRESS, UDP6_ROW_PORT, NONE, UDP6_ROW_PID, 0, 0}},
};

/* DELETE_TCB, the order to delete a connection, is not a state of RFC 9293. */
enum tcp_state mib_tcp_state(uint32_t kernel)
{
    static const uint8_t ours[] = {
        [0] = STATE_UNKNOWN,
        [MIB_CLOSED] = STATE_CLOSE,
        [MIB_LISTEN] = STATE_LISTEN,
        [MIB_SYN_SENT] = STATE_SYN_SENT,
        [MIB_SYN_RCVD] = STATE_SYN_RECV,
        [MIB_ESTAB] = STATE_ESTABLISHED,
        [MIB_FIN_WAIT1] = STATE_FIN_WAIT1,
        [MIB_FIN_WAIT2] = STATE_FIN_WAIT2,
        [MIB_CLOSE_WAIT] = STATE_CLOSE_WAIT,
        [MIB_CLOSING] = STATE_CLOSING,
        [MIB_LAST_ACK] = STATE_LAST_ACK,
        [MIB_TIME_WAIT] = STATE_TIME_WAIT,
        [MIB_DELETE_TCB] = STATE_UNKNOWN,
    };

    return kernel < sizeof ours ? (enum tcp_state)ours[kernel] : STATE_UNKNOWN;
}

static uint32_t get_u32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint16_t get_port(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static bool wanted(const struct sock *s, enum mib_rows rows)
{
    return rows == MIB_ALL || (s->state == STATE_LISTEN) == (rows == MIB_LISTENERS);
}

size_t mib_size(const void *data, size_t len, const struct mib_table *table)
{
    size_t size = layouts[table->protocol][table->v6].size, n = len < 4 ? 0 : get_u32(data);

    return len < 4 || n > (len - 4) / size ? len : 4 + n * size;
}

int mib_parse(const void *data, size_t len, const struct mib_table *table, sock_fn *emit, void *ctx)
{
    const struct layout *layout = &layouts[table->protocol][table->v6];
    const uint8_t *row = data;
    uint32_t n;

    if (len < 4)
        return -EBADMSG;
    n = get_u32(row);
    if (n > (len - 4) / layout->size)
        return -EBADMSG;
    for (row += 4; n; n--, row += layout->size) {
        struct sock s = {.protocol = (uint8_t)table->protocol, .known = SOCK_PORT | SOCK_PID};

        if (layout->state != NONE)
            s.state = (uint8_t)mib_tcp_state(get_u32(row + layout->state));
        if (!wanted(&s, table->rows))
            continue;
        sock_set_address(&s, row + layout->address, table->v6);
        s.local_port = get_port(row + layout->port);
        if (layout->state != NONE && s.state != STATE_LISTEN) /* a listener's remote side has no meaning */
            sock_set_remote(&s, row + layout->remote, table->v6, get_port(row + layout->remote_port));
        s.pid = get_u32(row + layout->pid);
        emit(ctx, &s, 1);
    }
    return 0;
}
