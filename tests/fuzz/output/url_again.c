#include "fuzz/output/url_again.h"

#include <string.h>

#include "fuzz/fuzz.h"

/* Returns the URL's text, which the caller frees. */
static char *text_of_url(const struct url *url)
{
    bool bracketed = strchr(url->host, ':');
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (url->format)
        fprintf(out, "%s+", url->format);
    if (url->scheme)
        fprintf(out, "%s://", url->scheme);
    fputs(bracketed ? "[" : "", out);
    for (const char *c = url->host; *c; c++)
        fprintf(out, "%c%s", *c, bracketed && *c == '%' ? "25" : "");
    fputs(bracketed ? "]" : "", out);
    if (url->port)
        fprintf(out, ":%u", url->port);
    fputs(url->path ? url->path : "", out);
    fclose(out);
    return text;
}

static bool same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

void must_read_url_again(const struct url *url, struct arena *a)
{
    char *text = text_of_url(url);
    struct url again;

    MUST(!url_parse(text, strlen(text), a, &again));
    MUST(same(url->format, again.format) && same(url->scheme, again.scheme) && same(url->host, again.host));
    MUST(same(url->path, again.path) && url->port == again.port);
    free(text);
}
