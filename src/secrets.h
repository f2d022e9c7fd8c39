/* What must not be shown of a URL, and of what a receiver says. Pure. */
#ifndef SECRETS_H
#define SECRETS_H

#include <stddef.h>

#include "arena.h"

#define SECRET_MASK "***"

/* A copy of path and query with what may be secret masked: the values of all keys but those that
 * name a database and the like, and parts of a path that look like a key. */
const char *secrets_mask_path(const char *path, struct arena *a);

/* The same of a whole URL, good or not: besides what stands before an '@'. */
const char *secrets_mask_url(const char *url, size_t len, struct arena *a);

/* Masks, in place, each word of text that stands in secret and not in shown. */
void secrets_mask_words(char *text, const char *secret, const char *shown);

#endif
