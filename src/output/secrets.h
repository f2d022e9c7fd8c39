/* What must not be shown of a URL, and of what a receiver says. Pure. */
#ifndef SECRETS_H
#define SECRETS_H

#include <stddef.h>

#include "base/arena.h"

#define SECRET_MASK "***"

/* A copy of path and query with what may be secret masked: the values of all keys but those that
 * name a database and the like, and parts of a path that look like a key. *hidden, unless hidden is
 * NULL: what that was, a line each, as it stands there and percent-decoded. */
const char *secrets_mask_path(const char *path, const char **hidden, struct arena *a);

/* The same of a whole URL, good or not: besides what stands before an '@'. */
const char *secrets_mask_url(const char *url, size_t len, struct arena *a);

/* Masks, in place, each run of 6 and more bytes of text that stands in a line of hidden. */
void secrets_mask_words(char *text, const char *hidden);

#endif
