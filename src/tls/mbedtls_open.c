/* Opens a TLS connection: its settings, and the handshake within limits. */
#include <errno.h>
#include <string.h>

#include <mbedtls/net_sockets.h>
#include <mbedtls/platform.h>

#include "base/deadline.h"
#include "base/format.h"
#include "base/ip.h"
#include "platform.h"
#include "tls/mbedtls.h"

#define VERDICT_MS 250 /* for the receiver's verdict on our certificate, plus twice the handshake's time */

/* Waits for what the library wants. Returns 0, -ETIMEDOUT, or `error` if it is another. */
static int wait_for(struct tls *t, int error, uint64_t deadline_ns)
{
    int ms = deadline_left_ms(deadline_ns);

    if (error != MBEDTLS_ERR_SSL_WANT_READ && error != MBEDTLS_ERR_SSL_WANT_WRITE)
        return error;
    if (!ms)
        return -ETIMEDOUT;
    if (error == MBEDTLS_ERR_SSL_WANT_READ)
        net_wait_readable(t->fd, ms);
    else
        net_wait_writable(t->fd, ms);
    return 0;
}

static int configure(struct tls *t)
{
    int ret = mbedtls_ssl_config_defaults(&t->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
    struct ip ip;

    if (ret)
        return ret;
#if MBEDTLS_VERSION_MAJOR < 4
    mbedtls_ssl_conf_rng(&t->config, tls_random, NULL);
#endif
    mbedtls_ssl_conf_min_tls_version(&t->config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_authmode(&t->config, t->settings->verify ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_ca_cb(&t->config, tls_find_issuer, t);
    mbedtls_ssl_conf_verify(&t->config, tls_judge, t);
    if (t->settings->cert)
        ret = mbedtls_ssl_conf_own_cert(&t->config, &t->cert, &t->key);
    if (!ret)
        ret = mbedtls_ssl_setup(&t->ssl, &t->config);
    /* An address must not be sent as SNI (RFC 6066, 3); tls_judge compares it. */
    if (!ret)
        ret = mbedtls_ssl_set_hostname(&t->ssl, tls_host_address(t->host, &ip) ? NULL : t->host);
    mbedtls_ssl_set_bio(&t->ssl, t, tls_send_bytes, tls_receive_bytes, NULL);
    return ret;
}

/* Reads the verdict on the client certificate: in TLS 1.3 the client finishes first (RFC 8446, 2), and the next record,
 * most often a ticket, shows it. A silent receiver is not waited for long. Returns 0 or an error. */
static int drain_verdict(struct tls *t, uint64_t started_ns, uint64_t deadline_ns)
{
    uint64_t now = platform_monotonic_ns(), before = t->received;
    int ms = VERDICT_MS + 2 * (int)((now - started_ns) / 1000000), left = deadline_left_ms(deadline_ns), ret;
    unsigned char data[64];

    net_wait_readable(t->fd, ms < left ? ms : left);
    do
        ret = mbedtls_ssl_read(&t->ssl, data, sizeof data);
    while (ret > 0 && t->received - before < 4096);
    return ret > 0 || ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE ? 0
           : ret                                                                            ? ret
                                                                                            : MBEDTLS_ERR_SSL_CONN_EOF;
}

static int complete_handshake(struct tls *t, uint64_t deadline_ns)
{
    uint64_t started_ns = platform_monotonic_ns();
    int ret;

    while ((ret = mbedtls_ssl_handshake(&t->ssl)))
        if ((ret = wait_for(t, ret, deadline_ns)))
            return ret;
    if (mbedtls_ssl_get_version_number(&t->ssl) != MBEDTLS_SSL_VERSION_TLS1_3)
        return 0;
    return drain_verdict(t, started_ns, deadline_ns);
}

/* Runs the handshake within its limits of time and bytes, even if records never end. Returns 0 or an error. */
static int run_handshake(struct tls *t, uint64_t deadline_ns)
{
    int ret;

    t->deadline_ns = deadline_ns;
    t->receive_max = TLS_HANDSHAKE_MAX;
    ret = complete_handshake(t, deadline_ns);
    t->deadline_ns = 0;
    if (!t->lost || ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        return ret;
    t->error = t->lost;
    return MBEDTLS_ERR_NET_SEND_FAILED;
}

static int prepare(struct tls *t, struct buf *why)
{
    int ret;

    t->trusted = tls_find_trusted(t->settings);
    if (t->settings->verify && !t->trusted) {
        buf_text(why, "no trusted certificates are in the usual places of this system: set SOCKPUSH_TLS_CA");
        return -ENOENT;
    }
    if (t->settings->verify && t->trusted != platform_store && !tls_is_pem(t->trusted)) {
        ret = platform_file_open(t->trusted, false);
        if (ret < 0) {
            buf_format(why, "%s: %.200s: %s", t->settings->ca ? "SOCKPUSH_TLS_CA" : "SSL_CERT_FILE", t->trusted,
                       platform_error_text(-ret));
            return ret;
        }
        platform_file_close(ret);
    }
    return t->settings->cert ? tls_load_client(t, why) : 0;
}

int tls_open(struct tls **out, int fd, const struct tls_settings *s, const char *host, uint64_t deadline_ns, char *why,
             size_t cap)
{
    struct buf reason = {.data = why, .cap = cap - 1};
    int ret = tls_init();
    struct tls *t = ret ? NULL : mbedtls_calloc(1, sizeof *t);

    if (!t) {
        text_format(why, cap, "no memory for TLS");
        return ret ? ret : -ENOMEM;
    }
    t->fd = fd;
    t->settings = s;
    strncpy(t->host, s->name ? s->name : host, sizeof t->host - 1);
    if (*t->host && t->host[strlen(t->host) - 1] == '.')
        t->host[strlen(t->host) - 1] = '\0';
    t->why = &reason;
    mbedtls_ssl_init(&t->ssl);
    mbedtls_ssl_config_init(&t->config);
    mbedtls_x509_crt_init(&t->cert);
    mbedtls_pk_init(&t->key);
    ret = prepare(t, &reason);
    if (!ret) {
        ret = configure(t);
        if (!ret)
            ret = run_handshake(t, deadline_ns);
        if (ret)
            ret = tls_failed(t, ret, true, why, cap);
    } else {
        why[reason.len] = '\0';
    }
    t->why = NULL;
    if (ret)
        tls_close(t);
    else
        *out = t;
    return ret;
}
