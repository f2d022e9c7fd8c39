/* Writes the head of a POST. Pure. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "output/transport.h"

/* Headers from SOCKPUSH_HTTP_*, the same in every request. */
struct http_settings {
    const char *headers;  /* "Name: value\r\n" of each header that is set, or "" */
    const char *hidden;   /* values of these headers, one a line, masked in every message */
    bool has_type;        /* one of these headers is Content-Type */
    const char *resource; /* of otlp_put_resource, resource_len bytes */
    size_t resource_len;
    unsigned timeout_ms; /* for a request and its answer; 0: SEND_MS and ANSWER_MS */
};

#define HTTP_PATH_MAX    2048 /* bytes of path and query */
#define HTTP_HEADERS_MAX 4096 /* bytes of http_settings.headers */
#define HTTP_REQUEST_MAX (HTTP_PATH_MAX + HTTP_HEADERS_MAX + 1024 + PREAMBLE_MAX)

/* Writes what precedes the len bytes of records in a request: its head, and the format's preamble. b has room for
 * HTTP_REQUEST_MAX bytes. */
void http_request_put(struct buf *b, const struct endpoint *endpoint, const struct target *host, size_t len);

#endif
