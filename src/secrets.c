#include "secrets.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "format.h"
#include "text.h"

#define KEY_MIN 20 /* bytes of a part of a path that looks like a key */
#define WORD_MIN 6 /* bytes of a word that would be missed */

/* Of InfluxDB, VictoriaMetrics and DataKit. */
static const char *const open_keys[] = {"db", "rp", "precision", "consistency", "org", "orgID", "bucket", "input", "source", "version", NULL};

static bool is_open(const char *key, size_t len)
{
    for (const char *const *open = open_keys; *open; open++)
        if (strlen(*open) == len && !memcmp(*open, key, len))
            return true;
    return false;
}

static bool looks_like_key(const char *part, size_t len)
{
    bool digit = false, letter = false;

    for (size_t i = 0; i < len; i++) {
        digit |= isdigit((unsigned char)part[i]) != 0;
        letter |= isalpha((unsigned char)part[i]) != 0;
    }
    return len >= KEY_MIN && digit && letter;
}

/* "/a/b", up to the query */
static const char *put_parts(struct buf *b, const char *path)
{
    while (*path && *path != '?') {
        size_t len = text_until(path + 1, "/?") + 1;

        if (looks_like_key(path + 1, len - 1))
            buf_format(b, "%.*s" SECRET_MASK, 1, path); /* its "/" */
        else
            buf_put(b, path, len);
        path += len;
    }
    return path;
}

/* "?a=b&c=d" */
static void put_query(struct buf *b, const char *query)
{
    while (*query) {
        size_t len = text_until(query + 1, "&;") + 1, key = text_until(query + 1, "=&;") + 1;

        if (key == len)
            buf_format(b, "%.*s%s", 1, query, len > 1 ? SECRET_MASK : "");
        else if (is_open(query + 1, key - 1))
            buf_put(b, query, len);
        else
            buf_format(b, "%.*s=" SECRET_MASK, (int)key, query);
        query += len;
    }
}

const char *secrets_mask_path(const char *path, struct arena *a)
{
    /* A mask is longer than the shortest that it stands for. */
    size_t cap = strlen(path) * (1 + strlen(SECRET_MASK)) + 1;
    struct buf b = {.data = arena_zero(a, cap + 1, 1), .cap = cap};

    put_query(&b, put_parts(&b, path));
    return b.data;
}

const char *secrets_mask_url(const char *url, size_t len, struct arena *a)
{
    const char *text = arena_text(a, url, len), *mark = strstr(text, "://"), *host = mark ? mark + 3 : text;
    const char *rest = host + text_until(host, "?"), *at = rest, *path;

    while (at > host && at[-1] != '@')
        at--;
    if (at > host + 1) /* unix://@name has nothing before it */
        return arena_format(a, "%.*s" SECRET_MASK "@%s", (int)(host - text), text, secrets_mask_url(at, strlen(at), a));
    path = host + text_until(host, "/?");
    return arena_format(a, "%.*s%s", (int)(path - text), text, secrets_mask_path(path, a));
}

void secrets_mask_words(char *text, const char *secret, const char *shown)
{
    static const char between[] = " \t\"'`,;:()[]{}<>=&?/";
    char word[256];

    while (*text) {
        size_t len = text_until(text, between);

        if (len >= WORD_MIN && len < sizeof word) {
            memcpy(word, text, len);
            word[len] = '\0';
            if (strstr(secret, word) && !strstr(shown, word))
                memset(text, '*', len);
        }
        text += len ? len : 1;
    }
}
