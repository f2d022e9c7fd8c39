/* Certificates and keys: SOCKPUSH_TLS_*. */
#include <string.h>

#include "base/format.h"
#include "config/config.h"
#include "output/url.h"

#define SHOWN_MAX 40

static bool is_pem(const char *text)
{
    return text && !strncmp(text, "-----BEGIN", 10);
}

static bool is_path(const char *text)
{
    return platform_is_path(text) && !text[strcspn(text, "\r\n")];
}

/* Returns PEM text with each \n of two characters replaced by a newline; other text as it is. */
static const char *with_newlines(const char *text, struct arena *a)
{
    char *copy, *out;

    if (!is_pem(text))
        return text;
    out = copy = arena_text(a, text, strlen(text));
    for (; *text; text++) {
        bool newline = text[0] == '\\' && text[1] == 'n';

        *out++ = newline ? '\n' : *text;
        text += newline;
    }
    *out = '\0';
    return copy;
}

/* Returns the text to begin a message with, or "" if it may be a key: it is SOCKPUSH_TLS_KEY's, or too long. */
static const char *shown(const char *name, const char *text, struct arena *a)
{
    return !strcmp(name, "SOCKPUSH_TLS_KEY") || strlen(text) > SHOWN_MAX || strstr(text, "-----")
               ? ""
               : arena_format(a, "\"%s\": ", text);
}

/* Returns NULL if at least one certificate can be read. Others are not trusted, as in a file (tls_find_issuer). */
static const char *check_trusted(const char *text, struct diag *d)
{
    int unread;
    const char *why = tls_check_trusted(text, &unread);

    if (!why && unread)
        diag_warn(d, "SOCKPUSH_TLS_CA", "%d of its certificates cannot be read and are not trusted", unread);
    return why;
}

static const char *check_chain(const char *text, struct diag *d)
{
    (void)d;
    return tls_check_chain(text);
}

static const char *check_key(const char *text, struct diag *d)
{
    (void)d;
    return tls_check_key(text);
}

static void check(struct config *c, const char *name, const char *text,
                  const char *(*why_not)(const char *, struct diag *), struct diag *d)
{
    const char *why = !text           ? NULL
                      : is_pem(text)  ? why_not(text, d)
                      : is_path(text) ? NULL
                                      : "neither PEM text nor an absolute path";

    if (why)
        diag_error(d, name,
                   "%s%s; accepted is PEM text that begins with -----BEGIN, or the absolute path of a PEM file",
                   shown(name, text, &c->arena), why);
}

static void check_name(struct config *c, struct diag *d)
{
    struct url url;
    const char *why;

    if (!c->tls.name)
        return;
    why = url_parse_host(c->tls.name, &c->arena, &url);
    if (!why && url.port)
        why = "it has a port";
    if (!why)
        c->tls.name = url.host; /* without brackets */
    else
        diag_error(d, "SOCKPUSH_TLS_NAME", "%s%s; accepted is a host name or an address",
                   shown("SOCKPUSH_TLS_NAME", c->tls.name, &c->arena), why);
}

void config_read_tls(struct config *c, env_list env, struct diag *d)
{
    struct values *v = &c->v;

    v->tls_ca = with_newlines(v->tls_ca, &c->arena);
    v->tls_cert = with_newlines(v->tls_cert, &c->arena);
    v->tls_key = with_newlines(v->tls_key, &c->arena);
    c->tls = (struct tls_settings){.ca = v->tls_ca,
                                   .system_ca = env_get(env, "SSL_CERT_FILE", &c->arena),
                                   .cert = v->tls_cert,
                                   .key = v->tls_key,
                                   .name = v->tls_name,
                                   .verify = v->tls_verify};
    check(c, "SOCKPUSH_TLS_CA", v->tls_ca, check_trusted, d);
    check(c, "SOCKPUSH_TLS_CERT", v->tls_cert, check_chain, d);
    check(c, "SOCKPUSH_TLS_KEY", v->tls_key, check_key, d);
    if (v->tls_cert && !v->tls_key)
        diag_error(d, "SOCKPUSH_TLS_CERT", "it needs its private key: set SOCKPUSH_TLS_KEY");
    if (v->tls_key && !v->tls_cert)
        diag_error(d, "SOCKPUSH_TLS_KEY", "it needs its certificate: set SOCKPUSH_TLS_CERT");
    check_name(c, d);
}
