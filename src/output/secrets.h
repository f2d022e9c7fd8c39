/* Masks secrets in URLs, and in what a receiver answers. Results belong to the arena `a`. Pure. */
#ifndef SECRETS_H
#define SECRETS_H

#include <stddef.h>

#include "base/arena.h"

#define SECRET_MASK "***"

/* Masks what may be secret in path and query: the values of keys other than those that name a database and the like,
 * and parts that look like a key. Returns the masked copy. *hidden, unless hidden is NULL, gets what was masked, one a
 * line, as written and percent-decoded. */
const char *secrets_mask_path(const char *path, const char **hidden, struct arena *a);

/* Masks a whole URL, valid or not, and user info before an '@' as well. Returns the masked copy. */
const char *secrets_mask_url(const char *url, size_t len, struct arena *a);

/* Masks, in place, each run of at least 6 bytes of text that occurs in `hidden`. */
void secrets_mask_words(char *text, const char *hidden);

#endif
