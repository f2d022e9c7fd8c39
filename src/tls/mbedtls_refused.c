/* Says in words why a certificate is refused. */
#include <string.h>

#include <mbedtls/asn1.h>

#include "base/format.h"
#include "base/ip.h"
#include "tls/mbedtls.h"

#define NAMES_SHOWN 4
#define COMMON_NAME "\x55\x04\x03" /* id-at-commonName, 2.5.4.3 (RFC 5280, A.1) */

void tls_put_name(struct buf *b, const mbedtls_x509_name *name)
{
    const mbedtls_x509_name *shown = name;

    do {
        if (name->oid.len == sizeof COMMON_NAME - 1 && !memcmp(name->oid.p, COMMON_NAME, name->oid.len))
            shown = name;
    } while ((name = name->next));
    buf_format(b, "\"%.*s\"", shown->val.len > 64 ? 64 : (int)shown->val.len,
               shown->val.p ? (const char *)shown->val.p : "");
}

static void put_date(struct buf *b, const mbedtls_x509_time *time)
{
    buf_format(b, "%d-%s%d-%s%d", time->year, time->mon < 10 ? "0" : "", time->mon, time->day < 10 ? "0" : "",
               time->day);
}

/* Writes the names and addresses that the certificate is for. */
static void put_alternatives(struct buf *b, const mbedtls_x509_crt *crt)
{
    int n = 0;

    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san && san->buf.p; san = san->next) {
        int type = san->buf.tag & 0x1f;
        struct ip ip = {.version = san->buf.len == 4 ? 4 : 6};
        char text[IP_TEXT_MAX];

        if (type != SAN_DNS && (type != SAN_IP || san->buf.len > sizeof ip.bytes))
            continue;
        if (++n > NAMES_SHOWN)
            break;
        if (type == SAN_IP) {
            memcpy(ip.bytes, san->buf.p, san->buf.len);
            ip_format(&ip, text);
        }
        buf_format(b, n > 1 ? ", %.*s" : "%.*s",
                   type == SAN_IP      ? 64
                   : san->buf.len > 64 ? 64
                                       : (int)san->buf.len,
                   type == SAN_IP ? text : (const char *)san->buf.p);
    }
    if (!n)
        tls_put_name(b, &crt->subject);
    else if (n > NAMES_SHOWN)
        buf_text(b, " and more");
}

static void put_trusted(struct buf *b, const struct tls *t)
{
    if (t->settings->ca)
        buf_text(b, "SOCKPUSH_TLS_CA");
    if (!tls_is_pem(t->trusted))
        buf_format(b, t->settings->ca ? " (%.100s)" : "%.100s", t->trusted);
}

static void explain_untrusted(struct buf *b, const struct tls *t, const mbedtls_x509_crt *crt)
{
    if (tls_same_name(&crt->issuer, &crt->subject)) {
        buf_text(b, " is self-signed and not");
    } else {
        buf_text(b, " is signed by ");
        tls_put_name(b, &crt->issuer);
        buf_text(b, ", which is not");
    }
    buf_text(b, " among the certificates of ");
    put_trusted(b, t);
    if (!t->n_trusted)
        buf_text(b, ", where none can be read");
    buf_format(b, t->settings->ca ? ": add %s there" : ": set SOCKPUSH_TLS_CA to %s",
               tls_same_name(&crt->issuer, &crt->subject) ? "it" : "its CA");
}

void tls_explain_refusal(struct buf *b, const struct tls *t, const mbedtls_x509_crt *crt, uint32_t flags)
{
    buf_text(b, "the certificate of ");
    tls_put_name(b, &crt->subject);
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
        explain_untrusted(b, t, crt);
    } else if (flags & MBEDTLS_X509_BADCERT_EXPIRED) {
        buf_text(b, " expired on ");
        put_date(b, &crt->valid_to);
        buf_text(b, tls_same_name(&crt->issuer, &crt->subject) && t->settings->ca
                        ? "; put a newer one into SOCKPUSH_TLS_CA"
                        : ": renew it at the receiver");
    } else if (flags & MBEDTLS_X509_BADCERT_FUTURE) {
        buf_text(b, " is not yet valid, but from ");
        put_date(b, &crt->valid_from);
        buf_text(b, " on: is this machine's clock right?");
    } else if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) {
        buf_format(b, " is not for \"%.100s\" but for ", t->host);
        put_alternatives(b, crt);
        buf_text(b, ": if that is right, set SOCKPUSH_TLS_NAME");
    } else if (flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY)) {
        buf_text(b, " has a key or a signature that is too weak: the receiver needs another");
    } else {
        buf_text(b, " is not meant for a server: the receiver needs another");
    }
}
