/* The one row that everything between a backend and the tally speaks of. */
#ifndef SOCK_H
#define SOCK_H

#include <stdbool.h>
#include <stdint.h>

enum protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_COUNT };

/* RFC 9293's states in the order in which they are pushed; our own numbers,
 * never a kernel's. UNKNOWN is what no table of a platform maps. */
enum tcp_state {
    STATE_ESTABLISHED,
    STATE_SYN_SENT,
    STATE_SYN_RECV,
    STATE_FIN_WAIT1,
    STATE_FIN_WAIT2,
    STATE_TIME_WAIT,
    STATE_CLOSE,
    STATE_CLOSE_WAIT,
    STATE_LAST_ACK,
    STATE_LISTEN,
    STATE_CLOSING,
    STATE_UNKNOWN,
    STATE_COUNT
};

/* What of a row the backend filled in. */
#define SOCK_ADDRESS 1u /* local */
#define SOCK_PORT    2u /* local_port */
#define SOCK_OWNER   4u /* inode */
#define SOCK_PID     8u /* pid: the kernel names the owner itself */

struct sock {
    uint8_t protocol;    /* enum protocol */
    uint8_t ip_version;  /* 4 or 6, as on the wire: v4-mapped IPv6 is 4 */
    uint8_t state;       /* enum tcp_state; of no meaning for UDP */
    uint8_t known;       /* SOCK_ bits */
    uint16_t local_port; /* host byte order */
    uint8_t local[16];   /* network byte order; IPv4 in the first 4, then 0 */
    union {
        uint32_t inode; /* by which an owner can be looked for; 0: none */
        uint32_t pid;   /* 0: not known */
    };
};

/* The local address of a row: 4 bytes, or 16 of which a v4-mapped address counts as IPv4.
 * Sets ip_version, local and the bit SOCK_ADDRESS. */
void sock_set_address(struct sock *s, const uint8_t *bytes, bool v6);

/* Takes n sockets like *s; s is the caller's and good during the call only. */
typedef void sock_fn(void *ctx, const struct sock *s, uint64_t n);

#endif
