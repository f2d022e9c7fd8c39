/* The head of a POST. Pure. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "output/transport.h"

/* What all requests have besides. */
struct http_settings {
    const char *headers; /* "Name: value\r\n" of each that is set, or "" */
    const char *hidden;  /* their values, which are never shown, a line each */
    bool has_type;       /* a Content-Type is among them */
};

#define HTTP_PATH_MAX    2048 /* bytes of path and query */
#define HTTP_HEADERS_MAX 4096 /* of http_settings' headers */
#define HTTP_REQUEST_MAX (HTTP_PATH_MAX + HTTP_HEADERS_MAX + 1024)

/* Puts the head of a request with so many bytes of lines; b has HTTP_REQUEST_MAX bytes. */
void http_request_put(struct buf *b, const struct endpoint *endpoint, const struct target *host, size_t len);

#endif
