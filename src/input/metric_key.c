#include "input/metric_key.h"

#include <string.h>

struct tag_spans {
    struct span key, value;
};

static int compare(const struct span *a, const struct span *b)
{
    size_t least = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->at, b->at, least);

    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static void put(struct metric_key *key, const struct span *span)
{
    memcpy(key->text + key->len, span->at, span->len);
    key->len += span->len;
    key->text[key->len++] = '\0';
}

/* Inserts a tag by its key, or replaces the value of the one that is there. Clients mostly send the same order, so that
 * the search from the end is short. */
static void insert(struct tag_spans *list, unsigned *n, const struct tag_spans *tag)
{
    unsigned at = *n;
    int order = 1;

    while (at && (order = compare(&tag->key, &list[at - 1].key)) < 0)
        at--;
    if (at && !order) {
        list[at - 1] = *tag;
        return;
    }
    memmove(list + at + 1, list + at, (*n - at) * sizeof *list);
    list[at] = *tag;
    ++*n;
}

bool metric_key_make(struct metric_key *key, const struct line *line)
{
    static const struct span none = {"\1", 1};
    struct tag_spans list[METRIC_TAGS_MAX], tag;
    struct span rest = line->tags;
    unsigned n = 0;

    if (line->name.len + (rest.at ? rest.len : 0) > METRIC_TEXT_MAX)
        return false;
    while (rest.at && line_next_tag(&rest, &tag.key, &tag.value)) {
        if (line_tag_is_internal(tag.key))
            continue;
        if (n == METRIC_TAGS_MAX)
            return false;
        insert(list, &n, &tag);
    }
    key->len = 0;
    put(key, &line->name);
    key->name_len = line->name.len;
    key->n_tags = n;
    for (unsigned i = 0; i < n; i++) {
        put(key, &list[i].key);
        put(key, list[i].value.at ? &list[i].value : &none);
    }
    return true;
}

void metric_key_overflow(struct metric_key *key)
{
    static const struct span tag = {"overflow", 8}, value = {"true", 4};

    key->len = key->name_len + 1;
    key->n_tags = 1;
    put(key, &tag);
    put(key, &value);
}
