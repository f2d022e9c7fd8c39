/* Imaginary sockets as the kernels of macOS and FreeBSD would list them. */
#ifndef KERNEL_HELPER_H
#define KERNEL_HELPER_H

#include "helper.h"

/* One socket more in these formats takes at most so many bytes; the list around them, too. */
#define KERNEL_ROW_MAX 1024

/* Those of the sockets that are of this protocol: address, port, state and, on macOS, pid. Of an
 * address that is not IPv6, IPv4's flag is set. The bytes written to out. */
size_t darwin_encode(enum protocol protocol, const struct sock *s, size_t n, uint8_t *out);
size_t freebsd_encode(enum protocol protocol, const struct sock *s, size_t n, uint8_t *out);

/* The number that both have for a state, bsd/netinet/tcp_fsm.h. UNKNOWN: 11. */
uint32_t bsd_tcp_state(enum tcp_state state);

#endif
