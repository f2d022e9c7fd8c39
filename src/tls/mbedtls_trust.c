/* Decides which certificates to trust. Of a system's trusted certificates, only candidates for an
 * issuer stay in memory. */
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include <mbedtls/asn1.h>
#include <mbedtls/platform.h>

#include "base/ip.h"
#include "base/log.h"
#include "platform.h"
#include "tls/mbedtls.h"

#define CHAIN_MAX 16 /* certificates of the receiver that are sorted */

/* --- trusted certificates ----------------------------------------------------------- */

const char *tls_find_trusted(const struct tls_settings *s)
{
    if (s->ca)
        return s->ca;
    for (int i = -(s->system_ca != NULL); i < 0 || platform_bundles[i]; i++) {
        const char *path = i < 0 ? s->system_ca : platform_bundles[i];
        int fd = platform_file_open(path, false);

        if (fd >= 0) {
            platform_file_close(fd);
            return path;
        }
    }
    return *platform_store ? platform_store : NULL;
}

static bool is_text(int tag)
{
    return tag == MBEDTLS_ASN1_UTF8_STRING || tag == MBEDTLS_ASN1_PRINTABLE_STRING;
}

/* Compares bytes. An empty value may have a NULL pointer. */
static bool same_bytes(const mbedtls_asn1_buf *a, const mbedtls_asn1_buf *b)
{
    return a->len == b->len && (!a->len || !memcmp(a->p, b->p, a->len));
}

static bool same_value(const mbedtls_asn1_buf *a, const mbedtls_asn1_buf *b)
{
    if (a->tag == b->tag && same_bytes(a, b))
        return true;
    return is_text(a->tag) && is_text(b->tag) && a->len == b->len &&
           (!a->len || !strncasecmp((const char *)a->p, (const char *)b->p, a->len));
}

bool tls_same_name(const mbedtls_x509_name *a, const mbedtls_x509_name *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (!same_bytes(&a->oid, &b->oid) || !same_value(&a->val, &b->val))
            return false;
    return a == b;
}

struct search {
    struct tls *t;
    const mbedtls_x509_crt *child;
    mbedtls_x509_crt *found;
    bool same;
};

static void compare(void *ctx, mbedtls_x509_crt *crt)
{
    struct search *s = ctx;

    s->t->n_trusted++;
    if (tls_same_name(&s->child->issuer, &crt->subject)) {
        crt->next = s->found;
        s->found = crt;
    } else {
        tls_free_certificate(crt);
    }
}

/* Warns once about unreadable certificates in SOCKPUSH_TLS_CA's file. PEM text is checked at the start. */
static void warn_unread(const struct tls *t, int unread)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool warned;
    bool first;

    if (unread <= 0 || !t->n_trusted || !t->settings->ca || tls_is_pem(t->settings->ca))
        return;
    pthread_mutex_lock(&lock);
    first = !warned;
    warned = true;
    pthread_mutex_unlock(&lock);
    if (first)
        log_event(LOG_WARN, "variable", "SOCKPUSH_TLS_CA",
                  "%d of the certificates in %.200s cannot be read and are not trusted", unread, t->settings->ca);
}

int tls_find_issuer(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **found)
{
    struct search s = {.t = ctx, .child = child};

    if (!s.t->chain)
        s.t->chain = child; /* the library asks for the receiver's certificate first */
    s.t->n_trusted = 0;
    warn_unread(s.t, tls_each_certificate(s.t->trusted, compare, &s));
    *found = s.found;
    return 0;
}

static void compare_whole(void *ctx, mbedtls_x509_crt *crt)
{
    struct search *s = ctx;

    if (crt->raw.len == s->child->raw.len && !memcmp(crt->raw.p, s->child->raw.p, crt->raw.len))
        s->same = true;
    tls_free_certificate(crt);
}

/* Returns true if the certificate itself is trusted, as a self-signed one may be without being a CA's. */
static bool is_trusted_itself(struct tls *t, const mbedtls_x509_crt *crt)
{
    struct search s = {.t = t, .child = crt};

    tls_each_certificate(t->trusted, compare_whole, &s);
    return s.same;
}

/* --- a chain in another order --------------------------------------------------------- */

/* Moves the first certificate after `child` that may have signed it directly after it. */
static void bring_issuer(mbedtls_x509_crt *sorted, size_t child, size_t n)
{
    for (size_t i = child + 1; i < n; i++)
        if (tls_same_name(&sorted[child].issuer, &sorted[i].subject)) {
            mbedtls_x509_crt issuer = sorted[i];

            memmove(&sorted[child + 2], &sorted[child + 1], (i - child - 1) * sizeof *sorted);
            sorted[child + 1] = issuer;
            return;
        }
}

/* Verifies the receiver's chain again, sorted upwards. A client should accept any order, and unneeded certificates (RFC
 * 8446, 4.4.2); the library expects each issuer later than what it signed. Returns true if the chain is trusted. */
static bool is_trusted_sorted(struct tls *t)
{
    const mbedtls_x509_crt *crt = t->chain;
    mbedtls_x509_crt *sorted = mbedtls_calloc(CHAIN_MAX, sizeof *sorted);
    uint32_t flags = 0;
    bool good = false;
    size_t n = 0;

    for (; sorted && crt && n < CHAIN_MAX; crt = crt->next)
        sorted[n++] = *crt; /* the chain keeps what they point to */
    for (size_t i = 0; i < n; i++)
        bring_issuer(sorted, i, n);
    for (size_t i = 0; i < n; i++)
        sorted[i].next = i + 1 < n ? &sorted[i + 1] : NULL;
    if (n)
        good = !mbedtls_x509_crt_verify_with_ca_cb(sorted, tls_find_issuer, t, &mbedtls_x509_crt_profile_default, NULL,
                                                   &flags, NULL, NULL);
    mbedtls_free(sorted);
    return good;
}

/* --- judging ------------------------------------------------------------------------- */

bool tls_host_address(const char *host, struct ip *ip)
{
    const char *zone = strchr(host, '%');

    return ip_parse(host, zone ? (size_t)(zone - host) : strlen(host), ip);
}

static bool is_for_address(const mbedtls_x509_crt *crt, const struct ip *ip)
{
    size_t len = ip->version == 4 ? 4 : 16;

    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san; san = san->next)
        if ((san->buf.tag & 0x1f) == SAN_IP && san->buf.len == len && !memcmp(san->buf.p, ip->bytes, len))
            return true;
    return false;
}

/* Judges one certificate. The library calls it from the top of the chain down to the receiver's certificate. */
int tls_judge(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct tls *t = ctx;
    struct buf subject = {.data = t->subject, .cap = depth ? 0 : sizeof t->subject - 1};
    struct ip ip;

    tls_put_name(&subject, &crt->subject);
    if (!depth && *flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED && tls_same_name(&crt->issuer, &crt->subject) &&
        is_trusted_itself(t, crt))
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED && is_trusted_sorted(t))
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    if (!depth && tls_host_address(t->host, &ip) && !is_for_address(crt, &ip))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    if (*flags && t->why && !t->why->len)
        tls_explain_refusal(t->why, t, crt, *flags);
    return 0;
}
