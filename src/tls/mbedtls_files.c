/* Reads certificates and keys for mbedTLS, from PEM text or files. */
#include <errno.h>
#include <string.h>

#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>

#include "platform.h"
#include "tls/mbedtls.h"

#define BEGIN        "-----BEGIN"
#define CLIENT_MAX   64000 /* bytes of a file with the client's certificates or key */
#define CLIENT_FIRST (CLIENT_MAX / 16)
#define BUNDLE_MAX   (8 << 20) /* bytes of a file with trusted certificates, to end reading /dev/zero */
#define ONE_MAX      16384     /* bytes of one certificate's PEM */

bool tls_is_pem(const char *text_or_path)
{
    return !strncmp(text_or_path, BEGIN, sizeof BEGIN - 1);
}

static long read_file(const char *path, char *out, size_t max)
{
    int fd = platform_file_open(path, false);
    long n = fd < 0 ? fd : platform_file_read(fd, out, max);

    if (fd >= 0)
        platform_file_close(fd);
    return n;
}

/* Reads a file. Its length is known only at its end, so each try allocates four times as much. */
static char *read_path(const char *path, size_t *len, int *error)
{
    for (size_t size = CLIENT_FIRST; size <= CLIENT_MAX; size *= 4) {
        char *text = mbedtls_calloc(1, size + 1);
        long n = text ? read_file(path, text, size) : -ENOMEM;

        if (n >= 0 && (size_t)n < size) {
            *len = (size_t)n + 1;
            return text;
        }
        *error = n < 0 ? (int)n : -EFBIG;
        if (text)
            tls_free_text(text, size);
        if (n < 0)
            break;
    }
    return NULL;
}

char *tls_read_text(const char *text_or_path, size_t *len, int *error)
{
    char *text;

    if (!tls_is_pem(text_or_path))
        return read_path(text_or_path, len, error);
    *len = strlen(text_or_path) + 1;
    text = mbedtls_calloc(1, *len);
    if (text)
        memcpy(text, text_or_path, *len);
    else
        *error = -ENOMEM;
    return text;
}

void tls_free_text(char *text, size_t len)
{
    mbedtls_platform_zeroize(text, len);
    mbedtls_free(text);
}

/* --- certificates, one after the other ---------------------------------------------- */

struct pem_reader {
    const char *text; /* rest of the PEM text; NULL: fd is read */
    int fd;
    bool ended;
    size_t len, total;
    char buf[ONE_MAX + 1]; /* NUL-terminated */
};

/* Keeps the buffer from that offset on, and fills it up. Returns 0 or -errno. */
static int refill(struct pem_reader *r, size_t keep_from)
{
    long n;

    r->len -= keep_from;
    memmove(r->buf, r->buf + keep_from, r->len);
    if (r->text) {
        size_t left = strlen(r->text), room = ONE_MAX - r->len;

        n = (long)(left < room ? left : room);
        memcpy(r->buf + r->len, r->text, (size_t)n);
        r->text += n;
    } else {
        n = platform_file_read(r->fd, r->buf + r->len, ONE_MAX - r->len);
    }
    if (n < 0)
        return (int)n;
    r->ended = (size_t)n < ONE_MAX - r->len;
    r->len += (size_t)n;
    r->total += (size_t)n;
    if (r->total > BUNDLE_MAX)
        return -EFBIG;
    r->buf[r->len] = '\0';
    for (size_t i = 0; i < r->len; i++) /* a NUL would hide what follows from strstr */
        if (!r->buf[i])
            r->buf[i] = ' ';
    return 0;
}

/* Returns the certificate whose PEM is from start to end, or NULL if it cannot be read. */
static mbedtls_x509_crt *parse_one(char *start, char *end)
{
    mbedtls_x509_crt *crt = mbedtls_calloc(1, sizeof *crt);
    char after = *end;

    if (!crt)
        return NULL;
    *end = '\0';
    mbedtls_x509_crt_init(crt);
    if (mbedtls_x509_crt_parse(crt, (const unsigned char *)start, (size_t)(end - start) + 1)) {
        tls_free_certificate(crt);
        crt = NULL;
    }
    *end = after;
    return crt;
}

void tls_free_certificate(mbedtls_x509_crt *crt)
{
    mbedtls_x509_crt_free(crt);
    mbedtls_free(crt);
}

static int each_of(struct pem_reader *r, tls_certificate_fn *fn, void *ctx)
{
    static const char begin[] = BEGIN " CERTIFICATE-----", end_mark[] = "-----END CERTIFICATE-----";
    int unread = 0, ret = refill(r, 0);
    char *at = r->buf;

    while (!ret) {
        char *start = strstr(at, begin), *end = start ? strstr(start, end_mark) : NULL;

        if (end) {
            mbedtls_x509_crt *crt;

            at = end + sizeof end_mark - 1;
            crt = parse_one(start, at);
            if (crt)
                fn(ctx, crt);
            else
                unread++;
        } else if (r->ended) {
            return unread + (start != NULL);
        } else {
            /* Keep what may become a begin mark. A block that fills the buffer is not a certificate. */
            size_t keep = start ? (size_t)(start - r->buf) : r->len < sizeof begin ? 0 : r->len - sizeof begin;

            if (start == r->buf) {
                unread++;
                keep = sizeof begin;
            }
            ret = refill(r, keep);
            at = r->buf;
        }
    }
    return ret;
}

struct store_reader {
    tls_certificate_fn *fn;
    void *ctx;
    int unread;
};

static void take_der(void *ctx, const unsigned char *der, size_t len)
{
    struct store_reader *r = ctx;
    mbedtls_x509_crt *crt = mbedtls_calloc(1, sizeof *crt);

    if (!crt || mbedtls_x509_crt_parse_der(crt, der, len)) {
        mbedtls_free(crt);
        r->unread++;
    } else {
        r->fn(r->ctx, crt);
    }
}

int tls_each_certificate(const char *text_or_path, tls_certificate_fn *fn, void *ctx)
{
    struct store_reader store = {.fn = fn, .ctx = ctx};
    struct pem_reader *r;
    int ret;

    if (text_or_path == platform_store) {
        ret = platform_store_walk(take_der, &store);
        return ret ? ret : store.unread;
    }
    r = mbedtls_calloc(1, sizeof *r);
    if (!r)
        return -ENOMEM;
    r->text = tls_is_pem(text_or_path) ? text_or_path : NULL;
    r->fd = r->text ? -1 : platform_file_open(text_or_path, false);
    ret = r->text || r->fd >= 0 ? each_of(r, fn, ctx) : r->fd;
    if (r->fd >= 0)
        platform_file_close(r->fd);
    mbedtls_free(r);
    return ret;
}
