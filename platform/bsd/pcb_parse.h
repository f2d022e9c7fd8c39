/* What a record of macOS and one of FreeBSD have in common: both keep a socket as 4.4BSD's struct inpcb did. Pure. */
#ifndef BSD_PCB_PARSE_H
#define BSD_PCB_PARSE_H

#include "bsd/pcblist.h"

/* One socket. The pointers are into its record. */
struct pcb {
    const uint8_t *port;    /* inp_lport: 2 bytes, network order */
    const uint8_t *address; /* inp_dependladdr: 16 bytes; an IPv4 address is the last 4 */
    uint8_t vflag;          /* inp_vflag */
    bool family_v6;         /* of the family AF_INET6 */
    uint32_t state;         /* t_state; of no meaning for UDP */
    uint8_t known;          /* SOCK_PID where the record names a process, else 0 */
    uint32_t pid;
};

/* Counts and emits the socket if it is of this pass: where list wants listeners first, they are
 * the first of two. Not one that has no local port yet: it can take nothing, and neither Linux
 * nor Windows lists any. */
void pcb_emit(const struct pcb *pcb, const struct pcblist *list, bool pass_of_listeners);

/* A number of the kernel's, in the machine's byte order, at any address. */
uint32_t pcb_u32(const uint8_t *at);

#endif
