/* Reads SOCKPUSH_TO, and a host in the form of other programs' variables. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "output/transport.h"
#include "output/url.h"

static void check_host(const char *host)
{
    MUST(*host && strlen(host) <= 255);
    for (; *host; host++)
        MUST((unsigned char)*host > ' ' && *host != 0x7f && !strchr("/?#@[]", *host));
}

static bool same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

/* Checks that a URL, written in its canonical form, is read as the same URL. */
static void read_again(const struct url *url, struct arena *a)
{
    char *text = malloc(2000 + (url->path ? strlen(url->path) : 0)), *at = text;
    struct url again;

    at += sprintf(at, "%s%s%s%s", url->format ? url->format : "", url->format ? "+" : "",
                  url->scheme ? url->scheme : "", url->scheme ? "://" : "");
    if (url->host && strchr(url->host, ':')) {
        *at++ = '[';
        for (const char *c = url->host; *c; c++)
            at += sprintf(at, *c == '%' ? "%%25" : "%c", *c);
        *at++ = ']';
    } else if (url->host) {
        at += sprintf(at, "%s", url->host);
    }
    if (url->port)
        at += sprintf(at, ":%u", url->port);
    sprintf(at, "%s", url->path ? url->path : "");
    MUST(!url_parse(text, strlen(text), a, &again));
    MUST(same(url->format, again.format) && same(url->scheme, again.scheme) && same(url->host, again.host));
    MUST(same(url->path, again.path) && url->port == again.port);
    free(text);
}

static void check(const struct url *url, struct arena *a)
{
    if (url->host) {
        check_host(url->host);
        if (strlen(url->host) < 250 && !(url->format && strlen(url->format) > 100) &&
            !(url->scheme && strlen(url->scheme) > 100))
            read_again(url, a);
    } else if (url->path) {
        MUST(!strncmp(url->scheme, "unix", 4) && (*url->path == '/' || *url->path == '@') && url->path[1]);
    } else {
        MUST(!strcmp(url->scheme, "stdout") ||
             !transport_find(url->scheme)); /* nothing more is known about this scheme */
    }
}

/* Checks that a suggested value is accepted as it is. It may hold several items. */
static void check_guess(const char *guess, struct arena *a)
{
    const char *item;
    struct url url;
    size_t len;

    while (guess && (item = url_next(&guess, &len)))
        MUST(!url_parse(item, len, a, &url) && url.scheme && transport_find(url.scheme));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    char *text = text_of(data, size);
    const char *list = text, *item;
    struct url url;
    size_t len;

    while ((item = url_next(&list, &len))) {
        MUST(item >= text && item + len <= text + size && !memchr(item, ',', len));
        if (!url_parse(item, len, &a, &url))
            check(&url, &a);
        check_guess(url_guess(item, len, &a), &a);
    }
    if (!url_parse_host(text, &a, &url))
        check_host(url.host);
    free(text);
    arena_free(&a);
    return 0;
}
