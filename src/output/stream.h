/* Sends over a stream, encrypted or not. A send that waits also reads: a receiver whose own send is stuck may
 * not read. */
#ifndef STREAM_H
#define STREAM_H

#include "output/link.h"

/* Sends all bytes. Returns 0, or -errno with l->why: -ETIMEDOUT at the deadline, or what stream_drain returned. After
 * an error the kernel may have a part of the bytes. */
int stream_send_all(struct link *l, const void *data, size_t len, uint64_t deadline_ns);

/* Waits until the receiver's window has room for len bytes, or for as many as it ever had, so that they are sent at
 * once. Returns what stream_send_all returns. */
int stream_await_room(struct link *l, size_t len, uint64_t deadline_ns);

/* Reads what the receiver has sent, up to a limit, and passes it to l->take. Returns 0, -EPIPE at the end of the
 * stream, another -errno, or what l->take returned if that is not 0. */
int stream_drain(struct link *l);

#endif
