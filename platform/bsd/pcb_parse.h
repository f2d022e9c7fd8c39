/* Shared by the records of macOS and FreeBSD, which both keep a socket as 4.4BSD's struct inpcb did. Pure. */
#ifndef BSD_PCB_PARSE_H
#define BSD_PCB_PARSE_H

#include "bsd/pcblist.h"

/* One socket. Pointers are into its record. */
struct pcb {
    const uint8_t *port;    /* inp_lport: 2 bytes, network order; inp_fport, the remote one, is before it */
    const uint8_t *address; /* inp_dependladdr: 16 bytes; an IPv4 address is the last 4; inp_dependfaddr is before it */
    uint8_t vflag;          /* inp_vflag */
    bool family_v6;         /* of family AF_INET6 */
    uint32_t state;         /* t_state; meaningless for UDP */
    uint8_t known;          /* SOCK_PID where the record names a process, else 0 */
    uint32_t pid;
    uint32_t queue, limit; /* connections that wait to be accepted, and so_qlimit; meaningless unless it listens */
};

/* Emits the socket if it is of this pass: where list wants listeners first, they are the first of two passes. Skips a
 * socket without a local port: it cannot receive anything, and neither Linux nor Windows lists it. */
void pcb_emit(const struct pcb *pcb, const struct pcblist *list, bool pass_of_listeners);

/* Returns the 32-bit number at any address, in the machine's byte order. */
uint32_t pcb_u32(const uint8_t *at);

#endif
