/* The tables of GetExtendedTcpTable and GetExtendedUdpTable. Pure.
 * Layouts: Windows' tcpmib.h (MIB_TCPTABLE_OWNER_PID, MIB_TCP6TABLE_OWNER_PID) and udpmib.h: a
 * 32-bit count, then so many rows without gaps. Little endian, ports and addresses big endian. */
#ifndef MIB_PARSE_H
#define MIB_PARSE_H

#include <stddef.h>

#include "count/backend.h"

/* Sizes of the rows, and where their parts stand, in bytes; tables.c holds them against Windows' headers. */
/* clang-format off */
enum {
    TCP_ROW_SIZE = 24, TCP_ROW_STATE = 0, TCP_ROW_ADDRESS = 4, TCP_ROW_PORT = 8, TCP_ROW_PID = 20,       /* MIB_TCPROW_OWNER_PID */
    TCP6_ROW_SIZE = 56, TCP6_ROW_ADDRESS = 0, TCP6_ROW_PORT = 20, TCP6_ROW_STATE = 48, TCP6_ROW_PID = 52, /* MIB_TCP6ROW_OWNER_PID */
    UDP_ROW_SIZE = 12, UDP_ROW_ADDRESS = 0, UDP_ROW_PORT = 4, UDP_ROW_PID = 8,                            /* MIB_UDPROW_OWNER_PID */
    UDP6_ROW_SIZE = 28, UDP6_ROW_ADDRESS = 0, UDP6_ROW_PORT = 20, UDP6_ROW_PID = 24,                      /* MIB_UDP6ROW_OWNER_PID */
};
/* clang-format on */

/* MIB_TCP_STATE_CLOSED and so on, without MIB_TCP_. */
/* clang-format off */
enum mib_state {
    MIB_CLOSED = 1, MIB_LISTEN, MIB_SYN_SENT, MIB_SYN_RCVD, MIB_ESTAB, MIB_FIN_WAIT1, MIB_FIN_WAIT2, MIB_CLOSE_WAIT, MIB_CLOSING,
    MIB_LAST_ACK, MIB_TIME_WAIT, MIB_DELETE_TCB,
};
/* clang-format on */

/* Which rows are emitted. */
enum mib_rows { MIB_ALL, MIB_LISTENERS, MIB_OTHERS };

struct mib_table {
    enum protocol protocol;
    bool v6;
    enum mib_rows rows;
};

/* MIB_TCP_STATE (tcpmib.h; its numbers are RFC 1213's tcpConnState) → ours. */
enum tcp_state mib_tcp_state(uint32_t kernel);

/* The bytes that the table in the first len of data has, by the rows it announces; at most len. */
size_t mib_size(const void *data, size_t len, const struct mib_table *table);

/* Reads one table of len bytes; what stands behind its rows is passed over. 0, or -EBADMSG:
 * it is shorter than the rows it announces. */
int mib_parse(const void *data, size_t len, const struct mib_table *table, sock_fn *emit, void *ctx);

#endif
