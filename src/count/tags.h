/* Tag lists: parsing, and merging by precedence. Pure; memory is allocated from the arena a.
 * Errors and warnings are reported to d, under the name variable. */
#ifndef TAGS_H
#define TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"

#define TAGS_MAX      64 /* tags of a list */
#define TAG_LISTS_MAX 8  /* lists of a series */
#define TAGS_ALL_MAX                                                                                 \
    (2 + TAGS_MAX * (1 + TAG_LISTS_MAX)) /* tags of a series: built-in ones, its group's, the users' \
                                          */
#define TAG_KEY_MAX   200  /* bytes; Datadog's limit for a whole tag (docs.datadoghq.com/getting_started/tagging) */
#define TAG_VALUE_MAX 1000 /* bytes */

struct tag {
    const char *key;
    const char *value; /* NULL: a tag without a value */
};

struct tags {
    struct tag *tag;
    size_t n;
};

enum tag_syntax {
    TAGS_EQUALS, /* key=value,key2=value2 */
    TAGS_COLONS, /* DD_TAGS: key:value,key2:value2; white space separates a list without commas */
};

/* Parses text into *out. A key that is too long, or that sockpush sets (addr_port,
 * ip_version, pid, remote), is an error; so is a value that is too long. With a warning, the later
 * of two alike keys wins, and a tag with an empty value is left out. Returns 0 or -EINVAL. */
int tags_parse(const char *text, enum tag_syntax syntax, const char *variable, struct arena *a, struct diag *d,
               struct tags *out);

/* Adds one tag under the same rules; key and value are not copied. Returns 0 or -EINVAL. */
int tags_add(struct tags *t, const char *key, const char *value, const char *variable, struct arena *a, struct diag *d);

/* Merges n lists, highest precedence first. Returns one list, sorted by key (byte order),
 * without alike keys; it shares the lists' texts. */
struct tags tags_merge(const struct tags *lists, size_t n, struct arena *a);

/* Returns true if some format of lines may write both keys the same, which would repeat a tag in a line. */
bool tags_alike(const char *a, const char *b);

/* Returns the tag's value, or "true" for a tag without one, in formats that need a value. */
static inline const char *tag_text(const struct tag *t)
{
    return t->value ? t->value : "true";
}

/* Returns the tag with that key in a merged list, or NULL. */
struct tag *tags_find(const struct tags *t, const char *key);

#endif
