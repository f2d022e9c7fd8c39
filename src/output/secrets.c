#include "output/secrets.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/format.h"
#include "base/text.h"
#include "output/url.h"

#define KEY_MIN 20 /* bytes of a part of a path that looks like a key */
#define RUN_MIN 6  /* bytes of a secret that are enough to reveal it */

/* Keys whose values are shown: those of InfluxDB, VictoriaMetrics and DataKit that name a place. */
static const char *const open_keys[] = {"db",     "rp",    "precision", "consistency", "org", "orgID",
                                        "bucket", "input", "source",    "version",     NULL};

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

/* A text as it is shown, and the parts that it hides. */
struct masked {
    struct buf shown, hidden;
};

static void hide(struct masked *m, const char *part, size_t len)
{
    buf_text(&m->shown, SECRET_MASK);
    buf_put(&m->hidden, part, len);
    buf_text(&m->hidden, "\n");
}

/* Masks the parts of "/a/b". Returns the query, or the end. */
static const char *put_parts(struct masked *m, const char *path)
{
    while (*path && *path != '?') {
        size_t len = text_until(path + 1, "/?") + 1;

        if (looks_like_key(path + 1, len - 1)) {
            buf_text(&m->shown, "/");
            hide(m, path + 1, len - 1);
        } else {
            buf_put(&m->shown, path, len);
        }
        path += len;
    }
    return path;
}

/* Masks values in "?a=b&c=d". */
static void put_query(struct masked *m, const char *query)
{
    while (*query) {
        size_t len = text_until(query + 1, "&;") + 1, key = text_until(query + 1, "=&;") + 1;

        if (key < len && is_open(query + 1, key - 1)) {
            buf_put(&m->shown, query, len);
        } else {
            size_t open = key < len ? key + 1 : 1; /* up to the "=" */

            buf_put(&m->shown, query, open);
            if (key < len || len > 1)
                hide(m, query + open, len - open);
        }
        query += len;
    }
}

const char *secrets_mask_path(const char *path, const char **hidden, struct arena *a)
{
    /* A mask may be longer than what it masks. */
    size_t len = strlen(path), cap = len * (1 + strlen(SECRET_MASK)) + 1;
    struct masked m = {.shown = {.data = arena_zero(a, cap + 1, 1), .cap = cap},
                       .hidden = {.data = arena_zero(a, cap + 1, 1), .cap = cap}};

    put_query(&m, put_parts(&m, path));
    if (hidden) {
        char *decoded = arena_text(a, m.hidden.data, m.hidden.len);

        *hidden = url_decode(decoded) ? arena_format(a, "%s%s", m.hidden.data, decoded) : m.hidden.data;
    }
    return m.shown.data;
}

/* Returns true for "user:pa" of "user:pa?ss@host": after the colon comes no port. */
static bool begins_with_password(const char *host)
{
    size_t len = text_until(host, "/?"), colon = len;

    while (colon && host[colon - 1] != ':')
        colon--;
    return colon && *host != '[' && strspn(host + colon, "0123456789") < len - colon;
}

const char *secrets_mask_url(const char *url, size_t len, struct arena *a)
{
    const char *text = arena_text(a, url, len), *mark = strstr(text, "://"), *host = mark ? mark + 3 : text;
    const char *rest = host + text_until(host, begins_with_password(host) ? "" : "?"), *at = rest, *path;

    while (at > host && at[-1] != '@')
        at--;
    if (at > host + 1) /* the @ of unix://@name comes first */
        return arena_format(a, "%.*s" SECRET_MASK "@%s", (int)(host - text), text, secrets_mask_url(at, strlen(at), a));
    path = host + text_until(host, "/?");
    return arena_format(a, "%.*s%s", (int)(path - text), text, secrets_mask_path(path, NULL, a));
}

void secrets_mask_words(char *text, const char *hidden)
{
    while (*text) {
        size_t most = 0;

        for (const char *at = hidden; *at; at++) {
            size_t len = 0;

            while (text[len] && text[len] == at[len])
                len++;
            most = len > most ? len : most;
        }
        if (most >= RUN_MIN)
            memset(text, '*', most);
        text += most >= RUN_MIN ? most : 1;
    }
}
