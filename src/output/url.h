/* SOCKPUSH_TO: a list of [FORMAT+]TRANSPORT://HOST[:PORT][/PATH]. Pure. */
#ifndef URL_H
#define URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Texts are the arena's, NUL-terminated, percent-decoded unless said. */
struct url {
    const char *format; /* NULL: none given */
    const char *scheme; /* NULL: a bare HOST[:PORT] */
    const char *host;   /* without brackets; NULL: none */
    const char *path;   /* of a socket: "/…" or "@abstract"; else from the first of "/?#", not decoded; NULL: none */
    uint16_t port;      /* 0: none given */
};

/* The next item of a list separated by commas, white space around it cut; *list moves
 * on. NULL at the end. */
const char *url_next(const char **list, size_t *len);

/* NULL and *out, or why the item is not a URL, in words. Of a scheme that no transport has *out holds no more than
 * that. */
const char *url_parse(const char *item, size_t len, struct arena *a, struct url *out);

/* Returns what an item that is no URL may have been meant to be, with a form that url_parse takes; or NULL. */
const char *url_guess(const char *item, size_t len, struct arena *a);

/* HOST, HOST:PORT, an IPv6 literal with or without brackets. As url_parse. */
const char *url_parse_host(const char *text, struct arena *a, struct url *out);

/* Percent-decodes in place; false on a broken escape or an encoded NUL. */
bool url_decode(char *text);

#endif
