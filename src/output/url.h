/* Parses SOCKPUSH_TO, a list of [FORMAT+]TRANSPORT://HOST[:PORT][/PATH]. Texts belong to the arena `a`. Pure. */
#ifndef URL_H
#define URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* A parsed item. Texts are percent-decoded unless noted. */
struct url {
    const char *format; /* NULL: not given */
    const char *scheme; /* NULL: a bare HOST[:PORT] */
    const char *host;   /* without brackets; NULL: not given */
    const char *path;   /* a socket's "/…" or "@abstract"; else text from the first of "/?#" on, as written; or NULL */
    bool whole;         /* nothing is added to path */
    uint16_t port;      /* 0: not given */
};

/* Returns the next item of a comma-separated list, trimmed, and moves *list past it. Returns NULL at the end. */
const char *url_next(const char **list, size_t *len);

/* Parses an item into *out. Returns NULL, or the reason why it is not a URL. With an unknown scheme, *out holds only
 * format and scheme. */
const char *url_parse(const char *item, size_t len, struct arena *a, struct url *out);

/* Returns a URL that the bad item may have been meant to be, which url_parse accepts; or NULL. */
const char *url_guess(const char *item, size_t len, struct arena *a);

/* Parses HOST, HOST:PORT, or an IPv6 literal with or without brackets. Returns what url_parse returns. */
const char *url_parse_host(const char *text, struct arena *a, struct url *out);

/* Percent-decodes text in place. Returns false on a broken escape or an encoded NUL. */
bool url_decode(char *text);

#endif
