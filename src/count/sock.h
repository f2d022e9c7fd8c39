/* A socket, in the one form that backends emit and the tally counts. */
#ifndef SOCK_H
#define SOCK_H

#include <stdbool.h>
#include <stdint.h>

enum protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_COUNT };

/* TCP states (RFC 9293, 3.3.2), in the order in which they are pushed. The numbers are not
 * a kernel's: each platform maps its states, and an unmapped one is UNKNOWN. */
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

/* Bits of "known": the members that the backend set. */
#define SOCK_ADDRESS 1u   /* local */
#define SOCK_PORT    2u   /* local_port */
#define SOCK_OWNER   4u   /* inode */
#define SOCK_PID     8u   /* pid: the kernel's row names the owner */
#define SOCK_QUEUE   16u  /* rx_queue; and tx_queue, but for LISTEN */
#define SOCK_LIMIT   32u  /* tx_queue is the limit of a LISTEN socket's queue */
#define SOCK_REMOTE  64u  /* remote, remote_port: the socket is connected, or was */
#define SOCK_DROPS   128u /* drops; UDP only */

struct sock {
    uint8_t protocol;    /* enum protocol */
    uint8_t ip_version;  /* 4 or 6, as on the wire: v4-mapped IPv6 is 4 */
    uint8_t state;       /* enum tcp_state; unused for UDP */
    uint8_t known;       /* SOCK_ bits */
    uint16_t local_port; /* host byte order */
    uint16_t remote_port;
    uint8_t local[16]; /* network byte order; an IPv4 address is the first 4, the others are 0 */
    uint8_t remote[16];
    union {
        uint32_t inode; /* of the socket, to look for its owner; 0: not known */
        uint32_t pid;   /* of the owner; 0: not known */
    };
    /* LISTEN: connections that wait to be accepted, and their limit. TCP: bytes not read yet, and not acknowledged.
     * UDP: bytes of the kernel's memory. */
    uint32_t rx_queue, tx_queue;
    uint32_t drops;  /* datagrams that it lost since it is open, in 32 bits' arithmetic */
    uint64_t cookie; /* CLOSE_WAIT and UDP: names the socket in every poll, and no other; 0: not known */
};

/* Sets ip_version, local and SOCK_ADDRESS from 4 bytes, or from 16 if v6; a v4-mapped
 * address becomes IPv4. */
void sock_set_address(struct sock *s, const uint8_t *bytes, bool v6);

/* Sets remote, remote_port and SOCK_REMOTE in the same way, after sock_set_address, whose IP version holds. A port of 0
 * is that of a socket without a remote side: nothing is set. */
void sock_set_remote(struct sock *s, const uint8_t *bytes, bool v6, uint16_t port);

/* Consumes n sockets like *s, which is valid during the call only. */
typedef void sock_fn(void *ctx, const struct sock *s, uint64_t n);

#endif
