/* HTTP: path and query of an output, and SOCKPUSH_HTTP_*, whose values are never shown. */
#include <string.h>
#include <strings.h>

#include "base/format.h"
#include "base/text.h"
#include "config/config.h"
#include "output/url.h"

#define WRONG_SHOWN 8 /* wrong headers that are reported; the rest is then not read */

/* The words of InfluxDB 1, 2 and 3, VictoriaMetrics and DataKit for "precision". */
static const struct {
    char word[12];
    struct time_unit unit;
} precisions[] = {
    {"n", {1, "000000"}},     {"ns", {1, "000000"}}, {"nanosecond", {1, "000000"}}, {"auto", {1, "000000"}},
    {"u", {1, "000"}},        {"us", {1, "000"}},    {"microsecond", {1, "000"}},   {"ms", {1, ""}},
    {"millisecond", {1, ""}}, {"s", {1000, ""}},     {"second", {1000, ""}},        {"m", {60000, ""}},
    {"h", {3600000, ""}},
};

/* Finds a key in the path's query. Returns its value, of *len bytes, or NULL. */
static const char *find_in_query(const char *path, const char *key, size_t *len)
{
    const char *at = path + text_until(path, "?");

    while (*at) {
        size_t item = text_until(++at, "&;"), name = text_until(at, "=&;");

        if (name == strlen(key) && !memcmp(at, key, name) && name < item) {
            *len = item - name - 1;
            return at + name + 1;
        }
        at += item;
    }
    return NULL;
}

static const char *find_unit(struct endpoint *endpoint, struct arena *a)
{
    size_t len;
    const char *word = find_in_query(endpoint->path, "precision", &len), *accepted = precisions[0].word;

    if (!word || endpoint->format != &encoder_influx)
        return NULL;
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
        if (len == strlen(precisions[i].word) && !memcmp(word, precisions[i].word, len)) {
            endpoint->unit = &precisions[i].unit;
            return NULL;
        }
        if (i)
            accepted = arena_format(a, "%s, %s", accepted, precisions[i].word);
    }
    return arena_format(a, "precision \"%.*s\": accepted are %s", len < 20 ? (int)len : 20, word, accepted);
}

const char *config_http_path(struct endpoint *endpoint, bool whole, struct arena *a)
{
    const struct posting *post = whole ? NULL : endpoint->format->post;
    bool named = endpoint->path && !(post && !strcmp(endpoint->path, "/"));
    const char *path = named ? endpoint->path : post ? post->path : "/";

    for (const char *at = path; *at; at++) {
        if (*at == '#')
            return "a fragment (#…) is never sent: write %23 if it belongs to the path";
        if (*at <= ' ' || *at >= 0x7f)
            return "path and query have a byte that must be percent-encoded";
    }
    endpoint->path = *path == '/' ? path : arena_format(a, "/%s", path);
    if (strlen(endpoint->path) > HTTP_PATH_MAX)
        return arena_format(a, "path and query are longer than %d bytes", HTTP_PATH_MAX);
    return find_unit(endpoint, a);
}

/* --- headers ----------------------------------------------------------------------------- */

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static const char *check_name(const char *name)
{
    if (!*name)
        return "a header has no name";
    for (const char *at = name; *at; at++)
        if (*at <= ' ' || *at >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", *at))
            return "a header's name has an invalid byte";
    return NULL;
}

/* Returns NULL, or why this header cannot be sent. */
static const char *check_header(const char *name, const char *value)
{
    static const char *const reserved[] = {"Host",
                                           "Content-Length",
                                           "Transfer-Encoding",
                                           "Content-Encoding",
                                           "Connection",
                                           "Expect",
                                           "TE",
                                           "Trailer",
                                           "Upgrade",
                                           "User-Agent",
                                           "X-Prometheus-Remote-Write-Version",
                                           NULL};

    if (!is_printable(value))
        return "the value has a control byte";
    for (const char *const *one = reserved; *one; one++)
        if (!strcasecmp(name, *one))
            return "sockpush sets this header itself";
    return NULL;
}

/* Adds "Name: value". Its value is hidden in the log, except the scheme before a token. */
static void put_header(struct config *c, struct http_settings *http, const char *name, const char *value)
{
    const char *blank = strcasecmp(name, "Authorization") ? NULL : strchr(value, ' ');

    http->headers = arena_format(&c->arena, "%s%s: %s\r\n", http->headers, name, value);
    http->hidden = arena_format(&c->arena, "%s%s\n", http->hidden, blank ? blank + 1 : value);
}

/* Returns true if a header of that name is set. */
static bool has_header(const struct http_settings *http, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = http->headers; *at; at += text_until(at, "\n") + 1)
        if (!strncasecmp(at, name, len) && at[len] == ':')
            return true;
    return false;
}

/* Adds the header Name=value. *name is the name, or "" if it may not be shown. Returns NULL, or the error. */
static const char *add_header(struct config *c, struct http_settings *http, const char *item, size_t len, bool foreign,
                              const char **name)
{
    char *text = arena_text(&c->arena, item, len), *value = strchr(text, '=');
    const char *why;

    *name = "";
    if (!value)
        return "a name has no \"=\" after it";
    *value++ = '\0';
    if (foreign) { /* blanks around both are allowed */
        size_t end = text_until(text, " \t");

        if (!text[end + strspn(text + end, " \t")])
            text[end] = '\0';
        value += strspn(value, " \t");
    }
    if ((why = check_name(text)))
        return why; /* an invalid name may be a secret */
    *name = text;
    if (!url_decode(value))
        return "a % in a value is followed by two hexadecimal digits";
    if ((why = check_header(text, value)))
        return why;
    if (!strcasecmp(text, "Authorization") && c->v.http_token)
        return "SOCKPUSH_HTTP_TOKEN sets it, too: unset one";
    if (foreign && has_header(http, text))
        return "it is set already";
    if (foreign && !strcasecmp(text, "Content-Type"))
        return "sockpush sets this header itself";
    http->has_type |= !strcasecmp(text, "Content-Type");
    put_header(c, http, text, value);
    return NULL;
}

void config_add_headers(struct config *c, struct http_settings *http, const char *list, const char *variable,
                        struct diag *d)
{
    const char *item, *name;
    size_t len;
    int wrong = 0;

    while (wrong < WRONG_SHOWN && (item = url_next(&list, &len)) && strlen(http->headers) <= HTTP_HEADERS_MAX) {
        const char *why = add_header(c, http, item, len, d->foreign, &name);

        wrong += why != NULL;
        if (why)
            diag_error(d, variable, "%.60s%s%s; %s", name, *name ? ": " : "", why,
                       d->foreign ? "it is ignored" : "accepted is Name=value,Name2=value2");
    }
}

/* Sends the token as "Authorization: Token …", unless it has a scheme: "Bearer …". */
static void read_token(struct config *c, struct diag *d)
{
    const char *token = c->v.http_token;

    if (!token)
        return;
    if (!is_printable(token))
        diag_error(d, "SOCKPUSH_HTTP_TOKEN", "it has a control byte; accepted is a token, or \"Bearer TOKEN\"");
    put_header(c, &c->http, "Authorization", strchr(token, ' ') ? token : arena_format(&c->arena, "Token %s", token));
}

void config_read_http(struct config *c, struct diag *d)
{
    c->http.headers = c->http.hidden = "";
    read_token(c, d);
    config_add_headers(c, &c->http, c->v.http_headers, "SOCKPUSH_HTTP_HEADERS", d);
    for (int i = 0; i < c->n_outputs && c->http.has_type; i++)
        if (c->output[i].format->post)
            diag_error(d, "SOCKPUSH_HTTP_HEADERS", "Content-Type: the format %s has its own",
                       c->output[i].format->name);
    if (strlen(c->http.headers) > HTTP_HEADERS_MAX)
        diag_error(d, c->v.http_headers ? "SOCKPUSH_HTTP_HEADERS" : "SOCKPUSH_HTTP_TOKEN",
                   "accepted are %d bytes of headers", HTTP_HEADERS_MAX);
}
