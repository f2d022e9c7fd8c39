/* Parses the answer to one POST, HTTP/1.0 or 1.1 (RFC 9112), from pieces of any size. Pure.
 *
 * A valid status line is the verdict. A body of doubtful length ends the connection. Memory is bounded: one line, and
 * the texts below.
 *
 * There was no parser to pin: picohttpparser ships only in h2o's archive of 11 MB, and llhttp's C has to be generated
 * with node. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_LINE_MAX 1024  /* bytes; the rest of a longer header is skipped */
#define HTTP_HEAD_MAX 65536 /* bytes, interim answers included */
#define HTTP_BODY_MAX 65536 /* bytes read to keep the connection for the next answer */

enum http_stage {
    HTTP_STATUS_LINE,
    HTTP_HEADERS,
    HTTP_BODY,        /* `left` more bytes follow */
    HTTP_BODY_TO_END, /* it ends with the connection */
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK,
    HTTP_CHUNK_END,
    HTTP_TRAILERS,
    HTTP_WHOLE,
};

struct http_answer {
    int status;         /* 200 to 999; 0: not known yet */
    bool closes;        /* the connection must not be used again */
    const char *wrong;  /* why this is not an answer, or NULL; `line` is the line read last */
    uint64_t wait_s;    /* seconds of Retry-After, at most RETRY_AFTER_MAX_S; 0: absent */
    char reason[48];    /* the phrase after the status, or "" */
    char location[200]; /* target of a redirection, without its query */
    char words[200];    /* start of the body in one printable line; "" for markup */
    char body[256];     /* start of the body as it came, kept_len bytes */
    size_t kept_len;
    char line[HTTP_LINE_MAX];
    /* The parser's state. */
    enum http_stage stage;
    size_t line_len, words_len, head_len, body_len;
    uint64_t left;
    int interim; /* interim answers (1xx) so far */
    int minor;   /* of HTTP/1.minor */
    bool cut;    /* `line` lacks the rest of a longer one */
    bool blank;  /* the body's last byte was a blank */
    bool has_length, chunked, keeps;
    bool framing;            /* the header read last sets the body's length */
    bool doubtful;           /* recipients may disagree on the body's length */
    int64_t date_s, retry_s; /* Date and Retry-After, seconds since 1970; 0: absent */
};

void http_answer_init(struct http_answer *a);

/* Parses the next len bytes. Returns how many of them belong to the answer: fewer than len only once it is whole or
 * wrong. */
size_t http_answer_take(struct http_answer *a, const char *data, size_t len);

/* Ends a body whose rest does not come: the connection ended, or the wait is over. */
void http_answer_end(struct http_answer *a);

/* Returns true once the status is final; the body may still follow. */
bool http_answer_known(const struct http_answer *a);

#endif
