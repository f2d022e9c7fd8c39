/* TLS connections by mbedTLS: their bytes, and what is done over them once they are open. */
#include "tls/mbedtls.h"

#include <errno.h>

#include <mbedtls/net_sockets.h>
#include <mbedtls/platform.h>

#include "base/deadline.h"
#include "base/format.h"
#include "platform.h"

#define DRAIN_READS 64
#define READ_MAX    (64u << 10) /* bytes from the receiver for one read, records without data included */

/* --- the socket --------------------------------------------------------------------- */

static int take_result(struct tls *t, long n, int want, int failed)
{
    if (n >= 0)
        return (int)n;
    if (n == -EAGAIN)
        return want;
    t->error = (int)n;
    return failed;
}

/* Writes to the socket. A receiver that refuses a handshake may close before it has read everything, so a broken pipe
 * does not end the handshake yet: an alert may follow. */
int tls_send_bytes(void *ctx, const unsigned char *data, size_t len)
{
    struct tls *t = ctx;
    long n = t->lost ? (long)len : net_send_some(t->fd, data, len);

    if (t->deadline_ns && (n == -EPIPE || n == -ECONNRESET)) {
        t->lost = (int)n;
        n = (long)len;
    }
    t->written += n > 0 ? (uint64_t)n : 0;
    return take_result(t, n, MBEDTLS_ERR_SSL_WANT_WRITE, MBEDTLS_ERR_NET_SEND_FAILED);
}

int tls_receive_bytes(void *ctx, unsigned char *data, size_t len)
{
    struct tls *t = ctx;
    long n;

    if (t->deadline_ns && !deadline_left_ms(t->deadline_ns)) {
        t->error = -ETIMEDOUT;
        return MBEDTLS_ERR_NET_RECV_FAILED;
    }
    if (t->received >= t->receive_max) {
        t->error = t->deadline_ns ? -EMSGSIZE : 0;
        return t->deadline_ns ? MBEDTLS_ERR_NET_RECV_FAILED : MBEDTLS_ERR_SSL_WANT_READ;
    }
    n = net_receive_some(t->fd, data, len);
    t->received += n > 0 ? (uint64_t)n : 0;
    return take_result(t, n, MBEDTLS_ERR_SSL_WANT_READ, MBEDTLS_ERR_NET_RECV_FAILED);
}

int tls_failed(const struct tls *t, int error, bool in_handshake, char *why, size_t cap)
{
    struct buf b = {.data = why, .cap = cap - 1};

    if (t->why && t->why->len)
        b.len = t->why->len; /* the reason of a refused certificate */
    else if (error == -ETIMEDOUT || t->error == -ETIMEDOUT)
        buf_text(&b, "the TLS handshake timed out");
    else if (in_handshake && t->error == -EMSGSIZE)
        buf_format(&b, "the receiver sends more than %u KiB for a TLS handshake", TLS_HANDSHAKE_MAX >> 10);
    else
        tls_explain(t, error, in_handshake, &b);
    why[b.len] = '\0';
    return error == -ETIMEDOUT ? error : t->error ? t->error : -EPROTO;
}

/* --- an open connection ------------------------------------------------------------------ */

/* Returns the alert that the receiver sent before it closed, after a failed write, or `error` if it sent none. */
static int last_alert(struct tls *t, int error)
{
    int failed = t->error, ret = 1;
    unsigned char in[64];

    if (failed != -EPIPE && failed != -ECONNRESET)
        return error;
    t->receive_max = t->received + READ_MAX;
    t->error = 0;
    while (ret > 0)
        ret = mbedtls_ssl_read(&t->ssl, in, sizeof in);
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        return ret;
    t->error = failed;
    return error;
}

long tls_send_some(struct tls *t, const void *data, size_t len, char *why, size_t cap)
{
    int ret = mbedtls_ssl_write(&t->ssl, data, len);

    if (ret > 0)
        return ret;
    if (ret == MBEDTLS_ERR_NET_SEND_FAILED)
        ret = last_alert(t, ret);
    return ret == MBEDTLS_ERR_SSL_WANT_WRITE || ret == MBEDTLS_ERR_SSL_WANT_READ ? -EAGAIN
                                                                                 : tls_failed(t, ret, false, why, cap);
}

/* Records without data are skipped, up to a limit. */
long tls_receive_some(struct tls *t, void *out, size_t len, char *why, size_t cap)
{
    t->receive_max = t->received + READ_MAX;
    for (int i = 0; i < DRAIN_READS; i++) {
        int ret = mbedtls_ssl_read(&t->ssl, out, len);

        if (ret > 0)
            return ret;
        if (!ret || ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || ret == MBEDTLS_ERR_SSL_CONN_EOF)
            return 0;
        if (ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE)
            break;
        if (ret != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
            return tls_failed(t, ret, false, why, cap);
    }
    return -EAGAIN;
}

uint64_t tls_written(const struct tls *t)
{
    return t->written;
}

const char *tls_version(const struct tls *t)
{
    return mbedtls_ssl_get_version(&t->ssl);
}

int tls_finish(struct tls *t)
{
    int ret = mbedtls_ssl_close_notify(&t->ssl);

    return !ret || ret == MBEDTLS_ERR_SSL_WANT_WRITE ? 0 : -EPIPE;
}

void tls_close(struct tls *t)
{
    if (!t)
        return;
    mbedtls_ssl_free(&t->ssl);
    mbedtls_ssl_config_free(&t->config);
    mbedtls_x509_crt_free(&t->cert);
    mbedtls_pk_free(&t->key);
    mbedtls_free(t);
}
