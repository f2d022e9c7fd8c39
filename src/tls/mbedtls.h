/* Shared by the files that call mbedTLS, 3.6 or 4.x; MBEDTLS_VERSION_MAJOR guards the few differences. */
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
    mbedtls_x509_crt cert; /* the client certificate */
    mbedtls_pk_context key;
    const struct tls_settings *settings;
    char host[256];      /* name that the receiver must have, without the dot that may end it in DNS */
    const char *trusted; /* trusted certificates: PEM text, a path, or platform_store */
    int fd;
    int error;                  /* -errno of the socket, or 0 */
    uint64_t written, received; /* bytes of the socket */
    uint64_t receive_max;       /* limit of `received`: more bytes wait, or end the handshake */
    uint64_t deadline_ns;       /* of the handshake; 0: it is over */
    int lost;                   /* -errno of a write during the handshake, after which an alert is still read; or 0 */
    const mbedtls_x509_crt *chain; /* the receiver's certificates as sent, its own first */
    char subject[72];              /* subject of the receiver's certificate, in quotes */
    int n_trusted;                 /* readable certificates in `trusted` */
    struct buf *why;               /* during the handshake: the reason why a certificate was refused, or empty */
};

/* Limit of the bytes from the receiver during a handshake. Its certificates have at most 16 KiB. */
#define TLS_HANDSHAKE_MAX (256u << 10)

/* Sets up the library's memory and random numbers, once; the first call of all. Returns 0 or -errno. */
int tls_init(void);

/* Callbacks of the library. tls_random fills out with random bytes. Returns 0 or an error of the library. The others
 * write to the socket and read from it what is possible without waiting. */
int tls_random(void *unused, unsigned char *out, size_t len);
int tls_send_bytes(void *t, const unsigned char *data, size_t len);
int tls_receive_bytes(void *t, unsigned char *data, size_t len);

/* The library's allocator. tls_memory_init returns false if it cannot be set. tls_memory_alloc returns zeroed memory,
 * aligned to 16 bytes, or NULL. */
bool tls_memory_init(void);
void *tls_memory_alloc(size_t count, size_t each);
void tls_memory_free(void *block); /* block may be NULL */

/* Reads a file, or copies PEM text. Returns NUL-terminated text, as the PEM parser needs it, for tls_free_text; *len
 * counts the NUL. Returns NULL with -errno in *error, -EFBIG if the file is too long for a few certificates. */
char *tls_read_text(const char *text_or_path, size_t *len, int *error);
void tls_free_text(char *text, size_t len); /* zeroes the text first */

bool tls_is_pem(const char *text_or_path);

/* Loads the client certificate and key. Returns 0, or -errno and why. */
int tls_load_client(struct tls *t, struct buf *why);

/* Calls fn for each certificate of PEM text, a file or platform_store, one at a time. fn owns the certificate, and
 * frees it with tls_free_certificate unless it keeps it. Returns how many cannot be read, or -errno. */
typedef void tls_certificate_fn(void *ctx, mbedtls_x509_crt *crt);
int tls_each_certificate(const char *text_or_path, tls_certificate_fn *fn, void *ctx);
void tls_free_certificate(mbedtls_x509_crt *crt);

/* Returns the place of the trusted certificates: the one that is set, else the system's first; NULL if absent. */
const char *tls_find_trusted(const struct tls_settings *s);

/* Callbacks of the library, which return 0. tls_find_issuer lists trusted certificates that may have issued child; the
 * library frees them. tls_judge corrects the flags of a certificate, and writes to t->why what is wrong. */
int tls_find_issuer(void *t, const mbedtls_x509_crt *child, mbedtls_x509_crt **found);
int tls_judge(void *t, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

/* Types of a certificate's names: GeneralName (RFC 5280, 4.2.1.6). */
#define SAN_DNS 2
#define SAN_IP  7

/* Compares names as issuers and subjects are compared. */
bool tls_same_name(const mbedtls_x509_name *a, const mbedtls_x509_name *b);

/* Writes the common name in quotes, or the last part of the name. */
void tls_put_name(struct buf *b, const mbedtls_x509_name *name);

/* Writes the first thing that is wrong with a certificate, whose flags the library or tls_judge has set. */
void tls_explain_refusal(struct buf *b, const struct tls *t, const mbedtls_x509_crt *crt, uint32_t flags);

/* Returns true if host is an address, which is in *ip then. */
struct ip;
bool tls_host_address(const char *host, struct ip *ip);

/* Writes why the library failed to why, cap bytes. in_handshake: the connection was not open yet. Returns -errno. */
int tls_failed(const struct tls *t, int error, bool in_handshake, char *why, size_t cap);

/* Writes the reason of a library error to why. in_handshake: the connection was not open yet. */
void tls_explain(const struct tls *t, int error, bool in_handshake, struct buf *why);

#endif
