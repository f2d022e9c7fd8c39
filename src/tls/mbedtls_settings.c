/* The certificates and keys that are set: checks them at the start, and loads the client's for a connection. */
#include <errno.h>
#include <string.h>

#include "base/format.h"
#include "platform.h"
#include "tls/mbedtls.h"

#define CHAIN_BYTES_MAX (MBEDTLS_SSL_OUT_CONTENT_LEN - 64) /* the client's certificates in one message */
#define CHAIN_TOO_LONG  "its certificates have more than 8 KiB: leave out the root, and what the receiver has anyway"

/* mbedTLS 4 has its random numbers built in. */
static int parse_key(mbedtls_pk_context *key, const char *text, size_t len)
{
#if MBEDTLS_VERSION_MAJOR < 4
    return mbedtls_pk_parse_key(key, (const unsigned char *)text, len, NULL, 0, tls_random, NULL);
#else
    return mbedtls_pk_parse_key(key, (const unsigned char *)text, len, NULL, 0);
#endif
}

static int check_pair(const struct tls *t)
{
#if MBEDTLS_VERSION_MAJOR < 4
    return mbedtls_pk_check_pair(&t->cert.pk, &t->key, tls_random, NULL);
#else
    return mbedtls_pk_check_pair(&t->cert.pk, &t->key);
#endif
}

/* Returns why the key in text cannot be used. The library is built without the ciphers of encrypted keys, and takes
 * these for no keys: "BEGIN ENCRYPTED PRIVATE KEY" (RFC 7468, 11), "Proc-Type: 4,ENCRYPTED" (RFC 1421, 4.6.1.1). */
static const char *key_error(const char *text)
{
    if (strstr(text, "ENCRYPTED"))
        return "the key is encrypted: decrypt it first";
    return "it has no readable private key (RSA, or ECDSA with P-256 or P-384)";
}

static int failed(struct buf *why, const char *variable, const char *source, const char *text)
{
    buf_format(why, "%s: %.200s%s%s", variable, tls_is_pem(source) ? "" : source, tls_is_pem(source) ? "" : ": ", text);
    return -EINVAL;
}

/* Returns the bytes of these certificates in a Certificate message (RFC 8446, 4.4.2): each with 3 bytes of length, and
 * in TLS 1.3 with 2 for extensions. */
static size_t chain_size(const mbedtls_x509_crt *crt)
{
    size_t size = 0;

    for (; crt; crt = crt->next)
        size += crt->raw.len + 5;
    return size;
}

int tls_load_client(struct tls *t, struct buf *why)
{
    const char *cert = t->settings->cert, *key = t->settings->key, *key_why = NULL;
    size_t len;
    int ret;
    char *text = tls_read_text(cert, &len, &ret);

    if (!text)
        return failed(why, "SOCKPUSH_TLS_CERT", cert, platform_error_text(-ret));
    ret = mbedtls_x509_crt_parse(&t->cert, (const unsigned char *)text, len);
    tls_free_text(text, len);
    if (ret)
        return failed(why, "SOCKPUSH_TLS_CERT", cert, "it has no certificate, or one that cannot be read");
    if (chain_size(&t->cert) > CHAIN_BYTES_MAX)
        return failed(why, "SOCKPUSH_TLS_CERT", cert, CHAIN_TOO_LONG);
    text = tls_read_text(key, &len, &ret);
    if (!text)
        return failed(why, "SOCKPUSH_TLS_KEY", key, platform_error_text(-ret));
    if (parse_key(&t->key, text, len))
        key_why = key_error(text);
    tls_free_text(text, len);
    if (key_why)
        return failed(why, "SOCKPUSH_TLS_KEY", key, key_why);
    if (check_pair(t))
        return failed(why, "SOCKPUSH_TLS_KEY", key, "this is not the key of SOCKPUSH_TLS_CERT");
    return 0;
}

const char *tls_check_key(const char *text)
{
    mbedtls_pk_context key;
    int ret = tls_init();

    if (ret || !tls_is_pem(text))
        return ret ? platform_error_text(-ret) : NULL;
    mbedtls_pk_init(&key);
    ret = parse_key(&key, text, strlen(text) + 1);
    mbedtls_pk_free(&key);
    return ret ? key_error(text) : NULL;
}

struct count {
    int n;
    size_t size;
};

static void count_certificate(void *ctx, mbedtls_x509_crt *crt)
{
    struct count *count = ctx;

    count->n++;
    count->size += chain_size(crt);
    tls_free_certificate(crt);
}

const char *tls_check_trusted(const char *text, int *unread)
{
    struct count count = {0};
    int ret = tls_init();

    *unread = 0;
    if (ret || !tls_is_pem(text))
        return ret ? platform_error_text(-ret) : NULL;
    *unread = tls_each_certificate(text, count_certificate, &count);
    return count.n ? NULL : "it has no certificate that can be read";
}

const char *tls_check_chain(const char *text)
{
    struct count count = {0};
    int ret = tls_init();

    if (ret || !tls_is_pem(text))
        return ret ? platform_error_text(-ret) : NULL;
    if (tls_each_certificate(text, count_certificate, &count) || !count.n)
        return "it has no certificate, or one that cannot be read";
    return count.size > CHAIN_BYTES_MAX ? CHAIN_TOO_LONG : NULL;
}
