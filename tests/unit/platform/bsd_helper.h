/* Imaginary sockets, encoded as the kernels of macOS and FreeBSD list them. */
#ifndef BSD_HELPER_H
#define BSD_HELPER_H

#include "bsd/pcblist.h"
#include "unit/helper.h"

/* The most bytes that one socket adds in these formats, and that surround the list. */
#define BSD_ROW_MAX 1024

/* Encodes the sockets of this protocol: address, port, state, accept queue and, on macOS, pid. An address that is not
 * IPv6 sets IPv4's flag. Returns the bytes written to out. */
typedef size_t bsd_encode_fn(enum protocol protocol, const struct sock *s, size_t n, uint8_t *out);
bsd_encode_fn darwin_encode, freebsd_encode;

/* Returns the number that both kernels use for a state, netinet/tcp_fsm.h. UNKNOWN is 11. */
int32_t bsd_tcp_state(enum tcp_state state);

/* Copies len bytes to `at`. Returns the place after them. */
uint8_t *bsd_put(uint8_t *at, const void *bytes, size_t len);

/* Fill inp_vflag, inp_lport and inp_dependladdr, and inp_fport and inp_dependfaddr, which are the same in both kernels.
 * A link-local address gets the number of its interface in bytes 3 and 4. */
void bsd_end(const struct sock *s, uint8_t *vflag, uint8_t port[2], uint8_t address[16]);
void bsd_remote_end(const struct sock *s, uint8_t port[2], uint8_t address[16]);

struct bsd_got {
    struct sock sock[64];
    unsigned n;
};

/* Parses bytes that end at memory that cannot be read. Returns the parser's result; the sockets are in *got. */
int bsd_parse(pcblist_parse_fn *parse, enum protocol protocol, bool listeners_first, const void *bytes, size_t len,
              struct bsd_got *got);

/* Checks every parser must pass: encoded sockets are read back, listeners first, with pids if the system names them;
 * and a change to any byte of a list does no harm. */
void bsd_reads_back(pcblist_parse_fn *parse, bsd_encode_fn *encode, bool pids);
void bsd_bears_any_bytes(pcblist_parse_fn *parse, const void *list, size_t len);

#endif
