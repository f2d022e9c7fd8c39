/* Checks that hold for the sockets of any system. */
#ifndef COUNT_SOCKET_H
#define COUNT_SOCKET_H

#include "count/sock.h"

/* Checks that a row is one socket, in the form that the tally counts, and adds it to the uint64_t at ctx. Is a
 * sock_fn. */
void count_socket(void *ctx, const struct sock *s, uint64_t n);

#endif
