/* TLS connections by mbedTLS. */
#include "tls/mbedtls.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <mbedtls/version.h>
#if MBEDTLS_VERSION_MAJOR < 4
#include <mbedtls/aes.h>
#endif
#include <mbedtls/net_sockets.h>
#include <mbedtls/platform.h>
#include <psa/crypto.h>

#include "base/deadline.h"
#include "base/format.h"
#include "base/ip.h"
#include "base/log.h"
#include "platform.h"

#define VERDICT_MS    250 /* for the receiver's verdict on our certificate, plus twice the handshake's time */
#define DRAIN_READS   64
#define HANDSHAKE_MAX (256u << 10) /* bytes from the receiver, whose certificates have at most 16 KiB */
#define READ_MAX      (64u << 10)  /* bytes from the receiver for one read, records without data included */

const bool tls_built = true;
const char tls_library[] = MBEDTLS_VERSION_STRING_FULL;

/* --- the library's needs ---------------------------------------------------------- */

static int get_random(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    return platform_secret(out, len) ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : 0;
}

#ifdef MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output,
                                             size_t output_size, size_t *output_length)
{
    (void)context;
    if (platform_secret(output, output_size))
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    *output_length = output_size;
    return PSA_SUCCESS;
}
#endif

/* Builds AES's tables under the lock, which two first keys would else do at once. Returns 0 or an error. */
static int build_tables(void)
{
#if MBEDTLS_VERSION_MAJOR < 4
    static const unsigned char key[16];
    mbedtls_aes_context aes;
    int ret;

    mbedtls_aes_init(&aes);
    ret = mbedtls_aes_setkey_enc(&aes, key, 128);
    mbedtls_aes_free(&aes);
    return ret;
#else
    return 0;
#endif
}

int tls_init(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool ready;
    int ret = 0;

    pthread_mutex_lock(&lock);
    if (!ready) {
#ifndef SOCKPUSH_SANITIZED /* sanitizers track each allocation */
        ret = tls_memory_init() ? 0 : -ENOMEM;
#endif
        if (!ret && (psa_crypto_init() || build_tables()))
            ret = -EIO;
        ready = !ret;
    }
    pthread_mutex_unlock(&lock);
    return ret;
}

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
static int send_bytes(void *ctx, const unsigned char *data, size_t len)
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

static int receive_bytes(void *ctx, unsigned char *data, size_t len)
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

static int explain(const struct tls *t, int error, bool in_handshake, char *why, size_t cap)
{
    struct buf b = {.data = why, .cap = cap - 1};

    if (t->why && t->why->len)
        b.len = t->why->len; /* the reason of a refused certificate */
    else if (error == -ETIMEDOUT || t->error == -ETIMEDOUT)
        buf_text(&b, "the TLS handshake timed out");
    else if (in_handshake && t->error == -EMSGSIZE)
        buf_format(&b, "the receiver sends more than %u KiB for a TLS handshake", HANDSHAKE_MAX >> 10);
    else
        tls_explain(t, error, in_handshake, &b);
    why[b.len] = '\0';
    return error == -ETIMEDOUT ? error : t->error ? t->error : -EPROTO;
}

/* --- opening -------------------------------------------------------------------------- */

static int configure(struct tls *t)
{
    int ret = mbedtls_ssl_config_defaults(&t->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
    struct ip ip;

    if (ret)
        return ret;
#if MBEDTLS_VERSION_MAJOR < 4
    mbedtls_ssl_conf_rng(&t->config, get_random, NULL);
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
    mbedtls_ssl_set_bio(&t->ssl, t, send_bytes, receive_bytes, NULL);
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
    t->receive_max = HANDSHAKE_MAX;
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
            ret = explain(t, ret, true, why, cap);
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
                                                                                 : explain(t, ret, false, why, cap);
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
            return explain(t, ret, false, why, cap);
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
