/* A TLS 1.2 and 1.3 client over a connected socket. The one place that knows which library
 * does it: mbedtls.c, or none.c where the build left it out (make TLS=0). */
#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_LINE_MAX 8191 /* of a record, which holds whole lines */

/* Texts are PEM (they begin with "-----BEGIN") or the path of a PEM file, which is read at
 * each connect. NULL: not set. */
struct tls_settings {
    const char *ca;
    const char *system_ca; /* where ca is NULL: SSL_CERT_FILE; NULL: where systems have it */
    const char *cert, *key;
    const char *name; /* to verify and to send as SNI; NULL: the host */
    bool verify;
};

struct tls;

extern const bool tls_built;

/* NULL, or why this PEM text is of no use, in words. Reads no file: a path is always good. */
const char *tls_check_chain(const char *text);
const char *tls_check_key(const char *text);

/* The same of certificates to trust. *unread: how many of them cannot be read, and are not trusted. */
const char *tls_check_trusted(const char *text, int *unread);

/* Shakes hands over fd (which stays the caller's, non-blocking) and verifies the receiver,
 * until deadline_ns at the latest; nothing but the handshake is sent. 0 and *out, or -errno and
 * the reason in why. Memory for a connection is taken once and reused. */
int tls_open(struct tls **out, int fd, const struct tls_settings *s, const char *host, uint64_t deadline_ns, char *why,
             size_t cap);

/* As net_send_some and net_receive_some: the bytes, 0 at the receiver's end, -EAGAIN, or another
 * -errno. What was not taken must be given again. */
long tls_send_some(struct tls *t, const void *data, size_t len, char *why, size_t cap);
long tls_receive_some(struct tls *t, void *out, size_t len, char *why, size_t cap);

/* Bytes that the socket took so far. */
uint64_t tls_written(const struct tls *t);

/* Returns the version of TLS that both sides agreed on: "TLSv1.3". */
const char *tls_version(const struct tls *t);

/* close_notify: no more will be sent. 0 or -errno. */
int tls_finish(struct tls *t);

/* NULL is no error. */
void tls_close(struct tls *t);

#endif
