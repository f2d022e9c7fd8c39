/* What the files that call mbedTLS share. They call only what both 3.6 and 4.x have; the few
 * differences stand under MBEDTLS_VERSION_MAJOR. */
#ifndef TLS_MBEDTLS_H
#define TLS_MBEDTLS_H

#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "base/buf.h"
#include "tls/tls.h"

struct tls {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    mbedtls_x509_crt cert; /* our own */
    mbedtls_pk_context key;
    const struct tls_settings *settings;
    char host[256];      /* that the receiver must be; no certificate has the dot that may end it in DNS */
    const char *trusted; /* where the certificates are that are trusted: PEM text or a path */
    int fd;
    int error;                  /* -errno of the socket, or 0 */
    uint64_t written, received; /* bytes, of the socket */
    uint64_t receive_max;       /* of the bytes received: what is more waits, or ends the handshake */
    uint64_t deadline_ns;       /* of the handshake; 0: it is over */
    int lost; /* -errno of a write of the handshake, after which the receiver's last words are read; or 0 */
    const mbedtls_x509_crt *chain; /* the receiver's certificates as it sent them, its own first */
    char subject[72];              /* whom the receiver's certificate is of, in quotes */
    int n_trusted;                 /* certificates that could be read there */
    struct buf *why;               /* while shaking hands: the reason why the receiver was refused, if it was */
};

/* Memory and random numbers for the library; before anything else. 0 or -errno. */
int tls_init(void);

/* The library's memory: true once that is ours. take: zeroed, aligned to 16 bytes, or NULL. */
bool tls_memory_init(void);
void *tls_memory_alloc(size_t count, size_t each);
void tls_memory_free(void *block); /* or NULL */

/* A file whole, NUL-terminated, as its PEM parser wants it; for tls_free_text. NULL and *error:
 * an -errno, -EFBIG if it is no file of a few certificates. PEM text is copied. */
char *tls_read_text(const char *text_or_path, size_t *len, int *error);
void tls_free_text(char *text, size_t len); /* overwritten before */

bool tls_is_pem(const char *text_or_path);

/* Reads own certificate and key. 0, or -errno and why. */
int tls_load_client(struct tls *t, struct buf *why);

/* Calls fn for each certificate of PEM text or of a file, one at a time, however many there are.
 * fn owns the certificate: it keeps it, or gives it to tls_free_certificate. The certificates that
 * cannot be read; or an -errno. */
typedef void tls_certificate_fn(void *ctx, mbedtls_x509_crt *crt);
int tls_each_certificate(const char *text_or_path, tls_certificate_fn *fn, void *ctx);
void tls_free_certificate(mbedtls_x509_crt *crt);

/* Where to look for trusted certificates: what is set, or the first that this system has; NULL if
 * there is none. */
const char *tls_find_trusted(const struct tls_settings *s);

/* For the configuration: candidates for a certificate's issuer, and what to say of a bad one. */
int tls_find_issuer(void *t, const mbedtls_x509_crt *child, mbedtls_x509_crt **found);
int tls_judge(void *t, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/* True if host is an address; then *ip is it. */
struct ip;
bool tls_host_address(const char *host, struct ip *ip);

/* What a failure of the library comes to, in words. shaking: the connection was not open yet. */
void tls_explain(const struct tls *t, int error, bool shaking, struct buf *why);

#endif
