#include "config/endpoint.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/format.h"
#include "base/utf8.h"
#include "output/secrets.h"

#define NAME_PATH_MAX 200 /* bytes of a path in an output's name, which is a tag of sockpush_output */

static const char *scheme(int i)
{
    return transports[i] ? transports[i]->scheme : NULL;
}

static const char *format_name(int i)
{
    return encoders[i] ? encoders[i]->name : NULL;
}

/* Returns: what "given": accepted are name, … */
static const char *refuse(const char *what, const char *given, const char *(*name)(int i), struct arena *a)
{
    const char *text = arena_format(a, "%s \"%.40s\": accepted are %s", what, given, name(0));

    for (int i = 1; name(i); i++)
        text = arena_format(a, "%s, %s", text, name(i));
    return text;
}

static const char *host_port(const struct target *t, struct arena *a)
{
    return arena_format(a, strchr(t->host, ':') ? "[%s]:%u" : "%s:%u", t->host, t->port);
}

const char *endpoint_canonical(struct endpoint *endpoint, struct arena *a)
{
    bool socket = transport_has_socket_path(endpoint->transport);
    char *copy;
    const char *name = arena_format(a, "%s:%s%s", endpoint->transport->scheme,
                                    socket || endpoint->transport->has_host ? "//" : "", socket ? endpoint->path : "");

    for (int i = 0; i < endpoint->n_targets; i++)
        name = arena_format(a, "%s%s%s%s", name, i ? "," : "", host_port(&endpoint->target[i], a),
                            !i && endpoint->path ? arena_format(a, "%.*s", NAME_PATH_MAX,
                                                                secrets_mask_path(endpoint->path, &endpoint->hidden, a))
                                                 : "");
    copy = arena_text(a, name, strlen(name));
    utf8_clean(copy); /* a path may have any bytes, a tag may not */
    return copy;
}

const char *endpoint_add_target(struct endpoint *endpoint, const struct url *url, struct arena *a)
{
    struct target *t = &endpoint->target[endpoint->n_targets];

    if (endpoint->n_targets == TARGETS_MAX)
        return arena_format(a, "more than %d hosts of one output", TARGETS_MAX);
    if (!url->port && endpoint->transport->needs_port)
        return arena_format(a, "%s:// needs a port: %s://%.100s:PORT", endpoint->transport->scheme,
                            endpoint->transport->scheme, url->host);
    *t = (struct target){.host = url->host,
                         .port = url->port                   ? url->port
                                 : endpoint->transport->port ? endpoint->transport->port
                                                             : endpoint->format->port};
    for (int i = 0; i < endpoint->n_targets; i++)
        if (t->port == endpoint->target[i].port && !strcasecmp(t->host, endpoint->target[i].host))
            return "the same host twice";
    endpoint->n_targets++;
    return NULL;
}

const char *endpoint_make(const struct url *url, const struct encoder *otherwise, bool format_set, struct arena *a,
                          struct endpoint *endpoint)
{
    struct net_addr addr;
    const char *why = NULL;
    int ret;

    *endpoint = (struct endpoint){.format = otherwise, .path = url->path};
    if (!url->scheme)
        return refuse("transport", "", scheme, a);
    endpoint->transport = transport_find(url->scheme);
    if (!endpoint->transport && encoder_find(url->scheme))
        return arena_format(a, "%s is a format: put a transport after it, as in %s+%s://HOST", url->scheme, url->scheme,
                            encoder_find(url->scheme)->post ? "http" : "udp");
    if (!endpoint->transport && url->format && encoder_find(url->format) && encoder_find(url->format)->post)
        return arena_format(a, "format %s is only for http:// and https://", url->format);
    if (!endpoint->transport)
        return refuse("transport", url->scheme, scheme, a);
    if (endpoint->transport->has_tls && !tls_built)
        return arena_format(a, "%s: this program was built without TLS", url->scheme);
    if (endpoint->transport->format && !format_set)
        endpoint->format = endpoint->transport->format;
    if (url->format && !(endpoint->format = encoder_find(url->format)))
        return refuse("format", url->format, format_name, a);
    if (endpoint->format->only_stdout && endpoint->transport != &output_stdout)
        return arena_format(a, "format %s is for people: only on stdout:", endpoint->format->name);
    if (endpoint->format->post && !(endpoint->transport->has_host && endpoint->transport->has_path))
        return arena_format(a, "format %s is only for http:// and https://", endpoint->format->name);
    if (url->path && !endpoint->transport->has_path)
        return arena_format(a, "%s:// takes no path, query or fragment", url->scheme);
    if (transport_has_socket_path(endpoint->transport) && (ret = net_unix_addr(endpoint->path, &addr)))
        return ret == -ENAMETOOLONG ? "the socket's path is too long for this system"
                                    : arena_format(a, "%s:// with such a path is not supported here", url->scheme);
    if (endpoint->transport->has_host)
        why = endpoint_add_target(endpoint, url, a);
    if (!why && endpoint->transport->has_path && endpoint->transport->has_host)
        why = config_http_path(endpoint, url->whole, a);
    endpoint->name = endpoint_canonical(endpoint, a);
    return why;
}
