/* Parses the tables of GetExtendedTcpTable and GetExtendedUdpTable. Pure.
 * Layouts: tcpmib.h (MIB_TCPTABLE_OWNER_PID, MIB_TCP6TABLE_OWNER_PID) and udpmib.h: a 32-bit count, then so many rows
 * without gaps. Numbers are little endian, ports and addresses big endian. */
#ifndef MIB_PARSE_H
#define MIB_PARSE_H

#include <stddef.h>

#include "count/backend.h"

/* Sizes of rows and offsets of their fields, in bytes; tables.c compares them with Windows' headers. */
/* clang-format off */
enum {
    TCP_ROW_SIZE = 24, TCP_ROW_STATE = 0, TCP_ROW_ADDRESS = 4, TCP_ROW_PORT = 8, TCP_ROW_PID = 20,       /* MIB_TCPROW_OWNER_PID */
    TCP_ROW_REMOTE = 12, TCP_ROW_REMOTE_PORT = 16, TCP6_ROW_REMOTE = 24, TCP6_ROW_REMOTE_PORT = 44,
    TCP6_ROW_SIZE = 56, TCP6_ROW_ADDRESS = 0, TCP6_ROW_PORT = 20, TCP6_ROW_STATE = 48, TCP6_ROW_PID = 52, /* MIB_TCP6ROW_OWNER_PID */
    UDP_ROW_SIZE = 12, UDP_ROW_ADDRESS = 0, UDP_ROW_PORT = 4, UDP_ROW_PID = 8,                            /* MIB_UDPROW_OWNER_PID */
    UDP6_ROW_SIZE = 28, UDP6_ROW_ADDRESS = 0, UDP6_ROW_PORT = 20, UDP6_ROW_PID = 24,                      /* MIB_UDP6ROW_OWNER_PID */
};
/* clang-format on */

/* MIB_TCP_STATE (tcpmib.h), with the numbers of RFC 1213's tcpConnState. */
/* clang-format off */
enum mib_state {
    MIB_CLOSED = 1, MIB_LISTEN, MIB_SYN_SENT, MIB_SYN_RCVD, MIB_ESTAB, MIB_FIN_WAIT1, MIB_FIN_WAIT2, MIB_CLOSE_WAIT, MIB_CLOSING,
    MIB_LAST_ACK, MIB_TIME_WAIT, MIB_DELETE_TCB,
};
/* clang-format on */

/* Rows to emit. */
enum mib_rows { MIB_ALL, MIB_LISTENERS, MIB_OTHERS };

struct mib_table {
    enum protocol protocol;
    bool v6;
    enum mib_rows rows;
};

/* Maps an enum mib_state to our state. Returns STATE_UNKNOWN for others. */
enum tcp_state mib_tcp_state(uint32_t kernel);

/* Returns the bytes of the table in data, by its number of rows; at most len. */
size_t mib_size(const void *data, size_t len, const struct mib_table *table);

/* Parses one table of len bytes, and ignores what follows its rows. Returns 0, or -EBADMSG if it is shorter than its
 * number of rows requires. */
int mib_parse(const void *data, size_t len, const struct mib_table *table, sock_fn *emit, void *ctx);

#endif
