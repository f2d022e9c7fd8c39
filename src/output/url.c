#include "output/url.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/format.h"
#include "base/ip.h"
#include "base/text.h"
#include "base/value.h"
#include "output/transport.h"

#define HOST_MAX  255
#define TEXT_(x)  #x
#define TEXT(x)   TEXT_(x)
#define GUESS_MAX 512 /* bytes of an item; a longer one is not a slip */

const char *url_next(const char **list, size_t *len)
{
    const char *start = *list;

    if (!start)
        return NULL;
    *len = text_until(start, ",");
    *list = start[*len] ? start + *len + 1 : NULL;
    text_trim(&start, len);
    return start;
}

bool url_decode(char *text)
{
    char *out = text;

    for (; *text; text++) {
        if (*text == '%') {
            int high = text_hex(text[1]), low = high < 0 ? -1 : text_hex(text[2]);

            if (low < 0 || !(high | low))
                return false;
            *out++ = (char)(high << 4 | low);
            text += 2;
        } else {
            *out++ = *text;
        }
    }
    *out = '\0';
    return true;
}

static const char *parse_port(const char *text, struct url *out)
{
    int64_t port;

    if (!value_count(text, &port) || port < 1 || port > 65535)
        return "a port is a number from 1 to 65535";
    out->port = (uint16_t)port;
    return NULL;
}

static const char *check_host(const char *host)
{
    if (!*host)
        return "the host is missing";
    if (strlen(host) > HOST_MAX)
        return "the host is longer than " TEXT(HOST_MAX) " bytes";
    for (; *host; host++)
        if ((unsigned char)*host <= ' ' || *host == 0x7f || strchr("\"<>\\^`{|}/?#@[]", *host))
            return "the host has a character that no host name has";
    return NULL;
}

static const char *parse_bracketed(char *text, struct url *out)
{
    char *end = strchr(text, ']'), *zone;
    const char *why;
    struct ip ip;

    if (!end)
        return "\"]\" is missing after the IPv6 address";
    *end++ = '\0';
    if (*end == ':' && (why = parse_port(end + 1, out)))
        return why;
    if (*end && *end != ':')
        return "only :PORT may follow \"]\"";
    text++;
    if (!url_decode(text))
        return "a zone id is written as %25eth0";
    zone = strchr(text, '%');
    if (!ip_parse(text, zone ? (size_t)(zone - text) : strlen(text), &ip) || !strchr(text, ':'))
        return "brackets are for an IPv6 address: [::1]";
    out->host = text;
    return check_host(text);
}

/* Parses HOST[:PORT], the text between "//" and the path. Returns NULL, or what is wrong. */
static const char *parse_authority(char *text, struct url *out)
{
    char *colon = strchr(text, ':');
    const char *why;

    if (*text == '[')
        return parse_bracketed(text, out);
    if (strchr(text, '@'))
        return "user names and passwords are not accepted in a URL";
    if (colon && strchr(colon + 1, ':'))
        return "an IPv6 address needs brackets: [::1]";
    if (colon) {
        *colon = '\0';
        if ((why = parse_port(colon + 1, out)))
            return why;
    }
    out->host = text;
    return check_host(text);
}

const char *url_parse_host(const char *text, struct arena *a, struct url *out)
{
    struct ip ip;

    memset(out, 0, sizeof *out);
    if (ip_parse(text, strlen(text), &ip)) {
        out->host = arena_text(a, text, strlen(text));
        return NULL;
    }
    return parse_authority(arena_text(a, text, strlen(text)), out);
}

static const char *parse_socket_path(char *path, struct url *out)
{
    if (!url_decode(path))
        return "a % in a path is followed by two hexadecimal digits";
    if (*path != '/' && *path != '@')
        return "a socket's path is absolute (unix:///PATH) or abstract (unix://@NAME)";
    if (!path[1])
        return "the socket's path is missing";
    out->path = path;
    return NULL;
}

/* Parses FORMAT+SCHEME in place. Returns NULL, or what is wrong. */
static const char *parse_scheme(char *text, struct url *out)
{
    char *plus = strchr(text, '+');

    for (char *c = text; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c |= 0x20;
    if (plus) {
        *plus = '\0';
        out->format = text;
        text = plus + 1;
    }
    out->scheme = text;
    return *text ? NULL : "the transport is missing before \":\"";
}

/* Returns the ":" of "://", or NULL. */
static char *find_scheme_end(char *text)
{
    char *colon = strchr(text, ':');

    return colon && !strncmp(colon, "://", 3) ? colon : NULL;
}

const char *url_parse(const char *item, size_t len, struct arena *a, struct url *out)
{
    char *text = arena_text(a, item, len);
    char *mark = find_scheme_end(text), *rest, *path;
    const struct transport *transport;
    const char *why;

    memset(out, 0, sizeof *out);
    if (!*text)
        return "there is nothing between two commas";
    if (!mark && len >= 7 && !strcasecmp(text + len - 7, "stdout:")) {
        text[len - 1] = '\0';
        return parse_scheme(text, out);
    }
    if (!mark)
        return parse_authority(text, out);
    *mark = '\0';
    rest = mark + 3;
    if ((why = parse_scheme(text, out)))
        return why;
    transport = transport_find(out->scheme);
    if (!transport)
        return NULL; /* the form of the rest is not known */
    if (transport_has_socket_path(transport))
        return parse_socket_path(rest, out);
    path = rest + text_until(rest, "/?#");
    if (*path) {
        out->path = arena_text(a, path, strlen(path));
        *path = '\0';
    }
    return parse_authority(rest, out);
}

/* --- guessing ---------------------------------------------------------------- */

static bool is_good(const char *item, struct arena *a)
{
    const struct transport *t;
    struct url url;

    if (url_parse(item, strlen(item), a, &url) || !url.scheme)
        return false;
    t = transport_find(url.scheme);
    return t && (url.port || !t->needs_port) && (!url.path || t->has_path);
}

/* Replaces blanks by commas. Returns NULL if an item is not a good URL then. */
static const char *guess_list(const char *item, struct arena *a)
{
    const char *list = "";
    size_t len;

    for (item += strspn(item, " \t"); *item; item += strspn(item, " \t")) {
        const char *one;

        len = text_until(item, " \t");
        one = arena_text(a, item, len);
        if (!is_good(one, a))
            return NULL;
        list = arena_format(a, "%s%s%s", list, *list ? "," : "", one);
        item += len;
    }
    return list;
}

/* Returns the URL of transport t, or NULL. format: with its '+', or "". rest: the text after the transport's name. */
static const char *guess_transport(const char *format, const struct transport *t, const char *rest, struct arena *a)
{
    bool marked = !strncmp(rest, "://", 3);

    rest += *rest == ':';
    if (t == &output_stdout)
        return rest[strspn(rest, "/")] ? NULL : arena_format(a, "%sstdout:", format);
    if (marked || (transport_has_socket_path(t) && *rest != '/' && *rest != '@'))
        return NULL;
    if (!transport_has_socket_path(t))
        rest += strspn(rest, "/");
    return arena_format(a, "%s%s://%s", format, t->scheme, rest);
}

const char *url_guess(const char *item, size_t len, struct arena *a)
{
    const char *text = arena_text(a, item, len), *plus = strchr(text, '+'), *rest, *guess;
    size_t format_len = plus ? (size_t)(plus + 1 - text) : 0, scheme_len;
    char format[16] = "", scheme[16] = "";
    const struct transport *t;

    if (len > GUESS_MAX)
        return NULL;
    if (text[text_until(text, " \t")])
        return guess_list(text, a);
    rest = text + format_len;
    scheme_len = text_until(rest, ":/");
    if (format_len >= sizeof format || scheme_len >= sizeof scheme)
        return NULL;
    memcpy(format, text, format_len);
    memcpy(scheme, rest, scheme_len);
    t = transport_find(scheme);
    guess = t ? guess_transport(format, t, rest + scheme_len, a) : arena_format(a, "%sudp://%s", format, rest);
    return guess && strcmp(guess, text) && is_good(guess, a) ? guess : NULL;
}
