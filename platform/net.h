/* The contract's part of networks: sockets that do not block, names, and waiting. platform.h includes it. */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- wake-ups --------------------------------------------------------------- */

/* A descriptor that becomes readable when signalled, so that a thread can wait for it and for its socket together. */
struct net_wake {
    int fd[2];
};

/* Opens the descriptors. Returns 0 or -errno. */
int net_wake_open(struct net_wake *w);

/* Makes net_wake_wait return. Waits for memory if the system has none for it. */
void net_wake_signal(struct net_wake *w);

/* Waits for a signal, for fd (-1: none) to become readable, or for timeout_ms (-1: for ever), and clears signals.
 * Returns true if fd is readable. */
bool net_wake_wait(struct net_wake *w, int fd, int timeout_ms);

#define NET_READY_MAX 48

struct net_ready {
    int fd;     /* -1: none */
    bool ready; /* readable, at its end, or has an error */
};

/* Waits as net_wake_wait does, for up to NET_READY_MAX descriptors together. Sets `ready` of each. Returns how many are
 * ready. */
int net_wake_wait_any(struct net_wake *w, struct net_ready *of, int n, int timeout_ms);

/* --- network ---------------------------------------------------------------- */

/* An address of any family, as the operating system's calls take it. */
struct net_addr {
    _Alignas(8) unsigned char bytes[128]; /* struct sockaddr_storage */
    uint32_t len;
};

/* Looks up a host: literals (with a zone id, too: fe80::1%eth0) and "localhost" at once, other names as the system is
 * configured. Returns the number of addresses, 1 to max, in the order to try, or a negative error for
 * net_resolve_error. Blocks for up to timeout_ms; on Windows as long as its resolver does, some 11 s. */
int net_resolve(const char *host, uint16_t port, struct net_addr *out, int max, int timeout_ms);

/* Returns the text of net_resolve's error. */
const char *net_resolve_error(int error);

/* Makes the address of a Unix socket: an absolute path, or "@name" for an abstract one. Returns 0, -ENAMETOOLONG, or
 * -EAFNOSUPPORT if the system does not have such sockets. */
int net_unix_addr(const char *path, struct net_addr *out);

/* Connects a socket to addr within timeout_ms (streams; 0: at once or not at all, for local ones). Returns the
 * non-blocking socket, or -errno: -ECONNREFUSED, too, if the kernel connected it to itself, as it may where nobody
 * listens on a port that clients get. */
int net_connect(const struct net_addr *addr, bool stream, int timeout_ms);

/* Sends one datagram. Returns 0 or -errno, -ETIMEDOUT if the kernel does not accept it for timeout_ms. */
int net_send(int fd, const void *data, size_t len, int timeout_ms);

/* Returns the bytes of the longest datagram that this connected socket's path carries in one packet; 0: not known. */
size_t net_datagram_max(int fd);

struct ip; /* base/ip.h */

/* Reads the addresses that this connected socket sends from and to. */
void net_ends(int fd, struct ip *from, struct ip *to);

/* Send or receive what is possible without waiting. Return the number of bytes, 0 at the end of the stream, -EAGAIN, or
 * another -errno. */
long net_send_some(int fd, const void *data, size_t len);
long net_receive_some(int fd, void *data, size_t len);

/* Wait until fd is readable or writable. Return false after timeout_ms. */
bool net_wait_readable(int fd, int timeout_ms);
bool net_wait_writable(int fd, int timeout_ms);

/* Returns 0, or -errno of a datagram socket's pending error, as after a refused datagram. */
int net_pending_error(int fd);

/* Ends this side of a stream; what was sent before is still delivered. Returns 0 or -errno. */
int net_finish(int fd);

/* Reads how many bytes of a stream its peer's kernel has not acknowledged; an upper bound for others than TCP. Returns
 * 0, or -errno if the system does not report it. */
int net_unacked(int fd, uint64_t *bytes);

/* Sets up a TCP socket: no delay, keep-alive, and at most silence_ms for an acknowledgement, where the system can. */
void net_tcp_setup(int fd, unsigned silence_ms);

/* Returns the bytes that the peer accepts after the last one acknowledged (its window); -1: not reported. */
int64_t net_tcp_window(int fd);

/* Sends as net_send_some does. Where the system can, these bytes share no segment with others, and are split only if
 * they exceed a segment. */
long net_tcp_send(int fd, const void *data, size_t len);

/* Closes a stream, and discards what was not delivered yet. */
void net_abort(int fd);

void net_close(int fd);

/* --- receiving -------------------------------------------------------------- */

/* Windows has no functions of this part: those that may fail return -EOPNOTSUPP. */

/* Opens a socket that receives datagrams at addr, and asks for a receive buffer of *buffer bytes. Sets *buffer to the
 * bytes given: at most the double of what was asked on Linux, which counts its own overhead, too. Returns the
 * non-blocking socket, or -errno. */
int net_bind(const struct net_addr *addr, unsigned *buffer);

/* Returns true if a datagram to addr comes to this socket of net_bind, which is at its port and the "any" address:
 * whether addr is this host's, and of an IP version of the socket. */
bool net_is_for_any(int fd, const struct net_addr *addr);

/* Opens a socket that accepts streams at addr. Returns it, non-blocking, or -errno. */
int net_listen(const struct net_addr *addr);

/* Accepts the next stream. Returns its non-blocking socket, -EAGAIN if none waits, or another -errno. */
int net_accept(int fd);

#define NET_BATCH        16
#define NET_DATAGRAM_MAX 8192

/* Received datagrams. Room that none has used is not resident, if it was not before. */
struct net_batch {
    char bytes[NET_BATCH][NET_DATAGRAM_MAX];
    uint16_t len[NET_BATCH];
    bool cut[NET_BATCH]; /* the datagram was longer: its end is lost */
};

/* Receives the datagrams that wait, at most NET_BATCH. Only those are set in *out. Returns their number, -EAGAIN if
 * none waits, or another -errno. */
int net_receive_batch(int fd, struct net_batch *out);

/* The receive queue of a socket. */
struct net_queue {
    uint32_t used, limit; /* bytes, the kernel's own overhead included */
    uint32_t drops;       /* datagrams for which there was no room, since the start, modulo 2^32 */
};

/* Reads the queue of a UDP socket. Returns false if the system does not report it; then *out is undefined. */
bool net_queue_read(int fd, struct net_queue *out);

/* The file that a bound Unix socket has. */
struct net_file {
    uint64_t device, inode;
};

/* Remove or set up the file of a Unix socket. Abstract names ("@name") have no file, and all is well. */

/* Removes the socket that a program left behind at path. Returns 0, also if path does not exist; -EADDRINUSE if a
 * program has the socket; -EEXIST if path is no socket; or another -errno. Two programs that start at once may both
 * remove it. */
int net_unix_remove_stale(const char *path);

/* Lets everyone send to the socket at path, which this process has bound: mode 0722. Sets *file to recognise it later.
 * Returns 0 or -errno. */
int net_unix_open_to_all(const char *path, struct net_file *file);

/* Returns true if path leads to this file, however it is spelled. */
bool net_unix_leads_to(const char *path, const struct net_file *file);

/* Removes the socket at path if it is still this file. */
void net_unix_remove(const char *path, const struct net_file *file);

#endif
