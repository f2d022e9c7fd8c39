/* Reads SOCKPUSH_TO, and a host in the form of other programs' variables. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/output/url_again.h"
#include "output/transport.h"
#include "output/url.h"

static void check_host(const char *host)
{
    MUST(*host && strlen(host) <= 255);
    for (; *host; host++)
        MUST((unsigned char)*host > ' ' && *host != 0x7f && !strchr("/?#@[]", *host));
}

static void check(const struct url *url, struct arena *a)
{
    if (url->host) {
        check_host(url->host);
        must_read_url_again(url, a);
    } else if (url->path) {
        MUST(!strncmp(url->scheme, "unix", 4) && (*url->path == '/' || *url->path == '@') && url->path[1]);
    } else {
        MUST(!strcmp(url->scheme, "stdout") || !transport_find(url->scheme)); /* then no more is known */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = {0};
    char *text = text_of(data, size);
    const char *list = text, *item, *guess;
    struct url url;
    size_t len;

    while ((item = url_next(&list, &len))) {
        MUST(item >= text && item + len <= text + size && !memchr(item, ',', len));
        if (!url_parse(item, len, &a, &url))
            check(&url, &a);
        guess = url_guess(item, len, &a);
        while (guess && (item = url_next(&guess, &len)))
            MUST(!url_parse(item, len, &a, &url) && url.scheme && transport_find(url.scheme));
    }
    if (!url_parse_host(text, &a, &url))
        check_host(url.host);
    free(text);
    arena_free(&a);
    return 0;
}
