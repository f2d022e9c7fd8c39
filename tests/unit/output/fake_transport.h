/* Transports that do as a test tells them. */
#ifndef FAKE_TRANSPORT_H
#define FAKE_TRANSPORT_H

#include "unit/output/delivery_helper.h"

#define LINE_TIMES 64

extern pthread_mutex_t line_lock;
extern struct line {
    int open_error, send_error; /* results of open and send */
    int send_errors;            /* so many times; then send succeeds */
    bool gone, stream;
    bool half_closed; /* the receiver does not end its side when the output has */
    unsigned opened, closed, tried, n_sent;
    uint64_t tried_ns[LINE_TIMES],
        sent_ns[LINE_TIMES]; /* when the first attempts to open, and the first chunks, were made */
    char sent[16384];
    size_t len;
    int peer; /* the receiver's end of the connection, where it is a socket; or -1 */
} line;

/* Pause at most 5 ms between two attempts to open. */
extern const struct transport fake_stream, fake_datagram, fake_either;

/* A stream whose acknowledgements are known: its connection is a Unix socket, whose receiver acknowledges by reading.
 */
extern const struct transport fake_kept;

/* Setup of each test. */
int line_reset(void **state);

void line_fail(int open_error, int send_error, int send_errors);

/* The receiver reads all. Returns true if the output ended its side. */
bool read_peer(void);

/* The receiver ends the connection; nothing it did not read is acknowledged. */
void break_socket(void);

/* The same by closing its socket, with everything that it did not read. */
void close_peer(void);

/* Lets time pass until that is what was sent over all connections. */
void wait_sent(struct running *r, const char *text);

/* Ends an output whose lines nobody takes. */
void abandon_line(struct running *r);

/* Ends an output of these transports: as many connections were closed as opened. */
void finish_line(struct running *r);

#endif
