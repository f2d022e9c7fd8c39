/* A TLS 1.2 and 1.3 client over a connected socket. Only this folder knows the library: mbedtls*.c, or none.c in a
 * build without TLS (make TLS=0). Reasons are written to `why`, of cap bytes. */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_LINE_MAX 8191 /* bytes of whole lines in one record, without the last newline */

/* Texts are PEM (they begin with "-----BEGIN") or the path of a PEM file, read at each connect. NULL: not set. */
struct tls_settings {
    const char *ca;
    const char *system_ca; /* SSL_CERT_FILE, used if ca is NULL; NULL: the system's usual place */
    const char *cert, *key;
    const char *name; /* name to verify and to send as SNI; NULL: the host */
    bool verify;
};

struct tls;

/* The reason of tls_open for a receiver that answers without TLS. */
#define TLS_NOT_TLS "the receiver's answer is not TLS"

extern const bool tls_built;

/* The library and its version, for --version. */
extern const char tls_library[];

/* Check PEM text of a client certificate chain, or a key. A path is not read. Return NULL, or what is wrong. */
const char *tls_check_chain(const char *text);
const char *tls_check_key(const char *text);

/* Checks PEM text of trusted certificates. Returns NULL, or what is wrong. *unread: certificates that are not trusted,
 * because they cannot be read. */
const char *tls_check_trusted(const char *text, int *unread);

/* Does the handshake over fd, which is non-blocking and stays the caller's, and verifies the receiver. Returns 0 and
 * *out, or -errno with a reason: -ETIMEDOUT at deadline_ns. Memory comes from a bounded pool. */
int tls_open(struct tls **out, int fd, const struct tls_settings *s, const char *host, uint64_t deadline_ns, char *why,
             size_t cap);

/* Send or receive what is possible without waiting. Return the number of bytes, 0 at the receiver's end, -EAGAIN, or
 * another -errno with a reason. After -EAGAIN the same bytes must be sent again. */
long tls_send_some(struct tls *t, const void *data, size_t len, char *why, size_t cap);
long tls_receive_some(struct tls *t, void *out, size_t len, char *why, size_t cap);

/* Returns the bytes written to the socket so far, ciphertext and handshake included. */
uint64_t tls_written(const struct tls *t);

/* Returns the version of TLS that both sides agreed on: "TLSv1.3". */
const char *tls_version(const struct tls *t);

/* Sends close_notify, after which nothing can be sent. Returns 0 or -errno. */
int tls_finish(struct tls *t);

/* Frees the connection; t may be NULL. The socket stays open. */
void tls_close(struct tls *t);

#endif
