/* Fake transports that a test controls. */
#ifndef FAKE_TRANSPORT_H
#define FAKE_TRANSPORT_H

#include "unit/output/delivery_helper.h"

#define LINE_TIMES 64

extern pthread_mutex_t line_lock;
extern struct line {
    int open_error, send_error; /* results of open and send; 0: success */
    int send_errors;            /* send fails this many times, then succeeds */
    bool gone, stream;
    bool half_closed; /* the receiver does not end its side after the output did */
    unsigned opened, closed, tried, n_sent;
    uint64_t tried_ns[LINE_TIMES],
        sent_ns[LINE_TIMES]; /* times of the first attempts to open, and of the first chunks */
    char sent[16384];
    size_t len;
    int peer; /* the receiver's end of the connection, where it is a socket; or -1 */
} line;

/* These pause at most 5 ms between two attempts to open. */
extern const struct transport fake_stream, fake_datagram, fake_either;

/* A stream whose acknowledgements are known: its connection is a Unix socket, whose receiver acknowledges by
 * reading. */
extern const struct transport fake_kept;

/* Resets the fake transports before each test. */
int line_reset(void **state);

void line_fail(int open_error, int send_error, int send_errors);

/* Drains the connection. Returns true if the output ended its side. */
bool read_peer(void);

/* Ends the connection from the receiver's side. Unread bytes are not acknowledged. */
void break_socket(void);

/* Closes the receiver's socket, with all unread bytes. */
void close_peer(void);

/* Moves the time until this text was sent over all connections. */
void wait_sent(struct running *r, const char *text);

/* Ends an output whose lines no receiver takes. */
void abandon_line(struct running *r);

/* Starts an output of fake_stream whose receiver is gone for good, and waits for its end, with one line unsent. */
void start_and_lose(struct running *r);

/* Ends an output of these transports, and asserts that every opened connection was closed. */
void finish_line(struct running *r);

#endif
