#include "output/http_request.h"

#include <string.h>

#include "base/format.h"
#include "base/text.h"
#include "base/version.h"

/* Writes the Host header, without the default port, and without a zone id, which is local to this machine. */
static void put_host(struct buf *b, const struct target *host, uint16_t usual_port)
{
    bool brackets = strchr(host->host, ':');

    buf_format(b, "Host: %s%.*s%s", brackets ? "[" : "", (int)text_until(host->host, "%"), host->host,
               brackets ? "]" : "");
    if (host->port != usual_port)
        buf_format(b, ":%u", host->port);
    buf_text(b, "\r\n");
}

void http_request_put(struct buf *b, const struct endpoint *endpoint, const struct target *host, size_t len)
{
    const struct posting *post = endpoint->format->post;
    char bytes[PREAMBLE_MAX];
    struct buf preamble = {.data = bytes, .cap = sizeof bytes};
    const struct http_settings *http = endpoint->http;

    if (post)
        post->preamble(&preamble, http->resource, http->resource_len, len);
    buf_format(b, "POST %s HTTP/1.1\r\n", endpoint->path);
    put_host(b, host, endpoint->transport->port);
    buf_format(b, "User-Agent: sockpush/%s\r\n", SOCKPUSH_VERSION);
    if (!endpoint->http->has_type)
        buf_format(b, "Content-Type: %s\r\n", post ? post->type : "text/plain; charset=utf-8");
    buf_format(b, "%s%sContent-Length: %zu\r\n\r\n", post ? post->headers : "", endpoint->http->headers,
               preamble.len + len);
    buf_put(b, bytes, preamble.len);
}
