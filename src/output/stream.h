/* The one way of sending over a stream, encrypted or not. While it waits it reads what the receiver sends: a receiver
 * whose own sending is stuck may not read. */
#ifndef STREAM_H
#define STREAM_H

#include "output/link.h"

/* Sends all bytes. Returns 0, or -errno with l->why: -ETIMEDOUT at the deadline, or what stream_drain returned. After
 * an error the kernel may have a part of them. */
int stream_send_all(struct link *l, const void *data, size_t len, uint64_t deadline_ns);

/* Waits until the receiver's window has room for len bytes, or for as much as it ever had, so that all of them go at
 * once. Returns as stream_send_all does. */
int stream_await_room(struct link *l, size_t len, uint64_t deadline_ns);

/* Reads what the receiver sent, as far as it is here and not without end, and gives it to l->take. Returns 0, -EPIPE at
 * the stream's end, another -errno, or what l->take returned, if not 0. */
int stream_drain(struct link *l);

#endif
