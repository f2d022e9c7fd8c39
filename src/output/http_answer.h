/* A receiver's answer to one POST: HTTP/1.0 and 1.1 (RFC 9112), read as it comes, in whatever
 * pieces. A status line that can be read decides; what leaves the body's length in doubt ends the connection after it.
 * Bounded: it keeps one line and what is said below, no more. Pure.
 *
 * Our own, because no well-kept parser could be pinned small: picohttpparser lies only in h2o's archive of 11 MB,
 * llhttp's C must be generated with node. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_LINE_MAX 1024  /* of a longer header the rest is passed over; none of ours is so long */
#define HTTP_HEAD_MAX 65536 /* bytes, those of interim answers included */
#define HTTP_BODY_MAX 65536 /* bytes read for the next answer to come over the same connection */

enum http_stage {
    HTTP_STATUS_LINE,
    HTTP_HEADERS,
    HTTP_BODY,        /* `left` more bytes */
    HTTP_BODY_TO_END, /* of the connection */
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK,
    HTTP_CHUNK_END,
    HTTP_TRAILERS,
    HTTP_WHOLE,
};

struct http_answer {
    int status;         /* 0: not known yet; 200 … 999 */
    bool closes;        /* nothing can be sent over the connection after it */
    const char *wrong;  /* NULL, or why this is no answer; line has what was read last */
    uint64_t wait_s;    /* Retry-After; 0: not said. At most 3,600 */
    char reason[48];    /* the phrase behind the status, "" if none */
    char location[200]; /* of a redirection, without its query */
    char words[200];    /* the beginning of the body, in one line; "" if it is none for eyes */
    char line[HTTP_LINE_MAX];
    /* The reader's own. */
    enum http_stage stage;
    size_t line_len, words_len, head_len, body_len;
    uint64_t left;
    int interim; /* answers before the last */
    int minor;   /* HTTP/1.minor */
    bool cut;    /* line is not all of it */
    bool blank;  /* the body's last byte was */
    bool has_length, chunked, keeps;
    bool framing;            /* the header read last says how long the body is */
    bool doubtful;           /* how long it is may be read in several ways */
    int64_t date_s, retry_s; /* since 1970; 0: not said */
};

void http_answer_init(struct http_answer *a);

/* Takes what came; returns the bytes that belong to the answer: fewer than len only when it is
 * whole, or wrong. */
size_t http_answer_take(struct http_answer *a, const char *data, size_t len);

/* The connection ended. */
void http_answer_end(struct http_answer *a);

/* Its verdict stands; its body may still come. */
bool http_answer_known(const struct http_answer *a);

#endif
