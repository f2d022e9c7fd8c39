/* Imaginary sockets as the kernels of macOS and FreeBSD would list them. */
#ifndef BSD_HELPER_H
#define BSD_HELPER_H

#include "bsd/pcblist.h"
#include "unit/helper.h"

/* One socket more in these formats takes at most so many bytes; the list around them, too. */
#define BSD_ROW_MAX 1024

/* Those of the sockets that are of this protocol: address, port, state and, on macOS, pid. Of an
 * address that is not IPv6, IPv4's flag is set. The bytes written to out. */
typedef size_t bsd_encode_fn(enum protocol protocol, const struct sock *s, size_t n, uint8_t *out);
bsd_encode_fn darwin_encode, freebsd_encode;

/* The number that both have for a state, netinet/tcp_fsm.h. UNKNOWN: 11. */
int32_t bsd_tcp_state(enum tcp_state state);

/* For encoders: copies len bytes to at. Where the next go. */
uint8_t *bsd_put(uint8_t *at, const void *bytes, size_t len);

/* inp_vflag, inp_lport and inp_dependladdr of a socket, as both keep them. An address of one link
 * gets the number of its interface into bytes 3 and 4. */
void bsd_end(const struct sock *s, uint8_t *vflag, uint8_t port[2], uint8_t address[16]);

struct bsd_got {
    struct sock sock[64];
    unsigned n;
};

/* What the parser says to bytes that lie flush against memory that cannot be read, and emits. */
int bsd_parse(pcblist_parse_fn *parse, enum protocol protocol, bool listeners_first, const void *bytes, size_t len,
              struct bsd_got *got);

/* Tests that a parser must pass. Sockets that were encoded are read back, listeners first; pids
 * says if the system names them. Any change to a list's bytes does no harm. */
void bsd_reads_back(pcblist_parse_fn *parse, bsd_encode_fn *encode, bool pids);
void bsd_bears_any_bytes(pcblist_parse_fn *parse, const void *list, size_t len);

#endif
