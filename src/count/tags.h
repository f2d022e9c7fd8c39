/* Tag lists: reading them, merging them by precedence. Pure. */
#ifndef TAGS_H
#define TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"

#define TAGS_MAX      64   /* of one series */
#define TAG_LISTS_MAX 8    /* that are merged for it */
#define TAG_KEY_MAX   200  /* bytes, what Datadog allows a whole tag */
#define TAG_VALUE_MAX 1000 /* bytes */

struct tag {
    const char *key;
    const char *value; /* NULL: a tag without a value */
};

struct tags {
    struct tag *tag;
    size_t n;
};

/* How a list is written. */
enum tag_syntax {
    TAGS_EQUALS, /* key=value,key2=value2 */
    TAGS_COLONS, /* DD_TAGS: commas, else white space; the first ':' splits */
};

/* Reads text into *out, memory from a. In one list the last of two equal keys wins,
 * with a warning (equal: some format may write them alike); an empty value leaves the tag
 * out, with a warning. Keys that sockpush sets itself (addr_port, ip_version, pid) are
 * errors, as are overlong parts. Returns 0 or -EINVAL after telling d, with variable as the name. */
int tags_parse(const char *text, enum tag_syntax syntax, const char *variable, struct arena *a, struct diag *d,
               struct tags *out);

/* Adds one tag under the same rules; key and value are kept, not copied. */
int tags_add(struct tags *t, const char *key, const char *value, const char *variable, struct arena *a, struct diag *d);

/* Merges n lists, highest precedence first, into one sorted by key (byte order), no
 * key twice nor alike. Texts are shared with the lists. */
struct tags tags_merge(const struct tags *lists, size_t n, struct arena *a);

/* True if some format may write these keys alike: a tag must not come twice in a line. */
bool tags_alike(const char *a, const char *b);

/* The tag of that key in a sorted list, or NULL. */
struct tag *tags_find(const struct tags *t, const char *key);

#endif
