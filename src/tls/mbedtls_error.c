/* Explains TLS failures. mbedTLS's table of error texts would add 12 KB. */
#include <mbedtls/net_sockets.h>

#include "base/format.h"
#include "platform.h"
#include "tls/mbedtls.h"

/* Alerts (RFC 8446, 6). */
enum {
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_BAD_CERTIFICATE = 42,
    ALERT_DECRYPT_ERROR = 51,
    ALERT_PROTOCOL_VERSION = 70,
    ALERT_UNRECOGNIZED_NAME = 112,
    ALERT_CERTIFICATE_REQUIRED = 116,
};

/* Returns the last alert received. */
static int alert_of(const struct tls *t)
{
#if MBEDTLS_VERSION_MAJOR < 4
    /* 3.6 has no function for it */
    return t->ssl.MBEDTLS_PRIVATE(in_msg) ? t->ssl.MBEDTLS_PRIVATE(in_msg)[1] : 0;
#else
    return mbedtls_ssl_get_fatal_alert(&t->ssl);
#endif
}

static void explain_alert(const struct tls *t, struct buf *why)
{
    bool has_cert = t->settings->cert != NULL;
    int alert = alert_of(t);

    if (alert == ALERT_PROTOCOL_VERSION)
        buf_text(why, "the receiver speaks neither TLS 1.2 nor TLS 1.3");
    else if (alert == ALERT_UNRECOGNIZED_NAME)
        buf_format(why, "the receiver does not know the name \"%.100s\": SOCKPUSH_TLS_NAME sets another", t->host);
    else if (!has_cert &&
             (alert == ALERT_CERTIFICATE_REQUIRED || (alert >= ALERT_BAD_CERTIFICATE && alert < ALERT_DECRYPT_ERROR)))
        buf_text(why, "the receiver wants a client certificate: set SOCKPUSH_TLS_CERT and SOCKPUSH_TLS_KEY");
    else if (alert >= ALERT_BAD_CERTIFICATE && alert <= ALERT_DECRYPT_ERROR)
        buf_text(
            why,
            "the receiver refused our client certificate: SOCKPUSH_TLS_CERT must be signed by a CA that it trusts");
    else if (alert == ALERT_HANDSHAKE_FAILURE)
        buf_text(why,
                 has_cert
                     ? "the receiver refused the handshake: no cipher, group or signature in common"
                     : "the receiver refused the handshake: no cipher, group or signature in common, or it wants a "
                       "client certificate (SOCKPUSH_TLS_CERT and SOCKPUSH_TLS_KEY)");
    else
        buf_format(why, "the receiver ended the connection with TLS alert %d", alert);
}

/* Returns true for X.509 errors, with or without a low-level code added (mbedtls/error.h). */
static bool is_of_x509(int error)
{
    return error <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && error > MBEDTLS_ERR_X509_FILE_IO_ERROR - 0x80;
}

static void put_hex(struct buf *b, unsigned value)
{
    for (int shift = 12; shift >= 0; shift -= 4)
        buf_char(b, "0123456789abcdef"[value >> shift & 15]);
}

void tls_explain(const struct tls *t, int error, bool in_handshake, struct buf *why)
{
    if (t->error)
        buf_format(why, "%s%s", platform_error_text(-t->error), in_handshake ? " during the TLS handshake" : "");
    else if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        explain_alert(t, why);
    else if (!error || error == MBEDTLS_ERR_SSL_CONN_EOF || error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        buf_format(why, "the receiver closed the connection%s", in_handshake ? " during the TLS handshake" : "");
    else if (error == MBEDTLS_ERR_SSL_INVALID_RECORD && in_handshake)
        buf_text(why, TLS_NOT_TLS);
    else if (error == MBEDTLS_ERR_SSL_BAD_CERTIFICATE) /* the library checks its usage last */
        buf_format(why, "the certificate of %s is not meant for a server: the receiver needs another", t->subject);
    else if (error == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION)
        buf_text(why, "the receiver speaks neither TLS 1.2 nor TLS 1.3");
    else if (in_handshake && (error == MBEDTLS_ERR_SSL_BAD_INPUT_DATA || error == MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL))
        buf_format(why, "the receiver's certificates, or the names of authorities that it lists, have more than %u KiB",
                   MBEDTLS_SSL_IN_CONTENT_LEN >> 10);
    else if (error == MBEDTLS_ERR_SSL_ALLOC_FAILED || error == MBEDTLS_ERR_X509_ALLOC_FAILED)
        buf_text(why, "the receiver's certificates need more memory than a connection may use");
    else {
        buf_text(why, is_of_x509(error) ? "a certificate of the receiver has an unknown form or critical extension "
                                          "(name constraints, for one): mbedTLS error -0x"
                                        : "TLS failed with mbedTLS error -0x");
        put_hex(why, (unsigned)-error);
    }
}
