/* A TCP receiver on 127.0.0.1, for tests of delivery. */
#ifndef TCP_RECEIVER_H
#define TCP_RECEIVER_H

#include "unit/output/delivery_helper.h"

/* Binds a socket with the smallest receive buffer to a free port, without listening. Returns the socket. */
int receiver_bind(uint16_t *port);

/* Listens and fills the queue, so that the next connection is never answered. Returns the connection in the queue. */
int receiver_listen_full(int listener, uint16_t port);

/* Waits for the next connection and returns it. */
int receiver_accept(int listener);

/* Reads until the bytes end with this text. */
void receiver_read(int fd, const char *end);

/* Sends bytes. Returns once the output's kernel has them. */
void receiver_send(int fd, const void *bytes, size_t len);

/* Starts an output to n targets on 127.0.0.1. */
void start_tcp(struct running *r, const struct transport *transport, const uint16_t *port, int n);

/* Ends an output whose lines no receiver takes, as if its receiver were gone for good. */
void abandon(struct running *r);

#endif
