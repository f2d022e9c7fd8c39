#include "count/tags.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "base/text.h"

#define ITEMS_MAX (4 * TAGS_MAX) /* items of a list, with empty and repeated ones */

static const char reserved_keys[][11] = {"addr_port", "ip_version", "pid", "remote"};

/* Returns true if some format replaces c by '_' in a key. */
static bool replaceable(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f || strchr("_:|,;!^=\\", c);
}

bool tags_alike(const char *a, const char *b)
{
    while (*a && *b && (*a == *b || (replaceable(*a) && replaceable(*b)))) {
        a++;
        b++;
    }
    return !*a && !*b;
}

static int check(const char *key, const char *value, const char *variable, struct diag *d)
{
    if (!*key || strlen(key) > TAG_KEY_MAX) {
        diag_error(d, variable, "a tag's key has 1 to %d bytes, not \"%.40s\"", TAG_KEY_MAX, key);
        return -EINVAL;
    }
    if (value && strlen(value) > TAG_VALUE_MAX) {
        diag_error(d, variable, "the value of tag \"%.40s\" is longer than %d bytes", key, TAG_VALUE_MAX);
        return -EINVAL;
    }
    for (size_t i = 0; i < sizeof reserved_keys / sizeof *reserved_keys; i++)
        if (tags_alike(key, reserved_keys[i])) {
            diag_error(d, variable, "tag \"%s\" is set by sockpush itself; name yours differently", key);
            return -EINVAL;
        }
    return 0;
}

int tags_add(struct tags *t, const char *key, const char *value, const char *variable, struct arena *a, struct diag *d)
{
    int ret = check(key, value, variable, d);

    if (ret)
        return ret;
    if (value && !*value) {
        diag_warn(d, variable, "tag \"%s\" has an empty value and is left out", key);
        return 0;
    }
    for (size_t i = 0; i < t->n; i++)
        if (tags_alike(t->tag[i].key, key)) {
            diag_warn(d, variable, "tag \"%s\" is given twice; the last one counts", key);
            t->tag[i] = (struct tag){.key = key, .value = value};
            return 0;
        }
    if (!t->tag)
        t->tag = arena_zero(a, TAGS_MAX, sizeof *t->tag);
    if (t->n == TAGS_MAX) {
        diag_error(d, variable, "more than %d tags", TAGS_MAX);
        return -EINVAL;
    }
    t->tag[t->n++] = (struct tag){.key = key, .value = value};
    return 0;
}

static char *trimmed(struct arena *a, const char *text, size_t len)
{
    text_trim(&text, &len);
    return arena_text(a, text, len);
}

/* Parses one item of the list; an empty one is skipped. Returns 0 or -EINVAL. */
static int parse_item(const char *text, size_t len, char split, const char *variable, struct arena *a, struct diag *d,
                      struct tags *out)
{
    char *item = trimmed(a, text, len);
    char *value = strchr(item, split);

    if (!*item)
        return 0;
    if (!value && split == '=' && strchr(item, ':'))
        diag_warn(d, variable, "tag \"%.100s\" has no value: '=' separates key and value", item);
    if (!value)
        return tags_add(out, item, NULL, variable, a, d);
    return tags_add(out, trimmed(a, item, (size_t)(value - item)), trimmed(a, value + 1, strlen(value + 1)), variable,
                    a, d);
}

static int too_many(const char *variable, struct diag *d)
{
    diag_error(d, variable, "more than %d items", ITEMS_MAX);
    return -EINVAL;
}

int tags_parse(const char *text, enum tag_syntax syntax, const char *variable, struct arena *a, struct diag *d,
               struct tags *out)
{
    char split = syntax == TAGS_EQUALS ? '=' : ':';
    bool commas = syntax == TAGS_EQUALS || strchr(text, ',');
    int ret = 0, items = 0;

    memset(out, 0, sizeof *out);
    while (*text && !ret) {
        size_t len = text_until(text, commas ? "," : " \t\n\v\f\r");

        ret = ++items <= ITEMS_MAX ? parse_item(text, len, split, variable, a, d, out) : too_many(variable, d);
        text += len + (text[len] != '\0');
    }
    return ret;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct tag *)a)->key, ((const struct tag *)b)->key);
}

struct tags tags_merge(const struct tags *lists, size_t n, struct arena *a)
{
    struct tags all = {0};
    size_t room = 0;

    for (size_t i = 0; i < n; i++)
        room += lists[i].n;
    all.tag = arena_zero(a, room + 1, sizeof *all.tag);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < lists[i].n; j++) {
            bool known = false;

            for (size_t k = 0; k < all.n && !known; k++)
                known = tags_alike(all.tag[k].key, lists[i].tag[j].key);
            if (!known)
                all.tag[all.n++] = lists[i].tag[j];
        }
    sort(all.tag, all.n, sizeof *all.tag, by_key);
    return all;
}

struct tag *tags_find(const struct tags *t, const char *key)
{
    struct tag wanted = {.key = key};

    return t->n ? bsearch(&wanted, t->tag, t->n, sizeof *t->tag, by_key) : NULL;
}
