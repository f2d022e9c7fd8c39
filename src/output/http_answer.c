#include "output/http_answer.h"

#include <string.h>

#include "base/text.h"
#include "output/http_head.h"

#define CHUNK_DIGITS_MAX 8

void http_answer_init(struct http_answer *a)
{
    memset(a, 0, sizeof *a);
}

bool http_answer_known(const struct http_answer *a)
{
    return !a->wrong && a->stage > HTTP_HEADERS;
}

/* Stops reading the body. The verdict is known, so only the connection ends. */
static void give_up_body(struct http_answer *a)
{
    a->closes = true;
    a->stage = HTTP_WHOLE;
}

static void take_chunk_size(struct http_answer *a)
{
    const char *at = a->line;
    int n = 0;

    for (a->left = 0; text_hex(*at) >= 0 && n < CHUNK_DIGITS_MAX; at++, n++)
        a->left = a->left * 16 + (uint64_t)text_hex(*at);
    if (!n || (*at && *at != ';' && *at != ' ' && *at != '\t'))
        give_up_body(a);
    else
        a->stage = a->left ? HTTP_CHUNK : HTTP_TRAILERS;
}

/* Keeps the start of the body, unless it is markup: then the status is clearer. */
static void keep_words(struct http_answer *a, const char *data, size_t len)
{
    for (; len && a->words_len + 2 < sizeof a->words; data++, len--) {
        bool blank = *data <= ' ' || *data >= 0x7f;

        if (!a->words_len && *data == '<')
            a->words_len = sizeof a->words;
        else if (!blank && a->words_len && a->blank)
            a->words[a->words_len++] = ' ';
        if (!blank && a->words_len < sizeof a->words)
            a->words[a->words_len++] = *data;
        a->blank = blank;
    }
}

static void keep_body(struct http_answer *a, const char *data, size_t len)
{
    size_t room = sizeof a->body - a->kept_len, n = len < room ? len : room;

    memcpy(a->body + a->kept_len, data, n);
    a->kept_len += n;
}

/* Consumes bytes of the body. Returns how many. */
static size_t take_body(struct http_answer *a, const char *data, size_t len)
{
    bool to_end = a->stage == HTTP_BODY_TO_END;
    size_t n = to_end || len < a->left ? len : (size_t)a->left;

    keep_words(a, data, n);
    keep_body(a, data, n);
    if (!to_end && !(a->left -= n))
        a->stage = a->stage == HTTP_CHUNK ? HTTP_CHUNK_END : HTTP_WHOLE;
    return n;
}

/* --- lines ------------------------------------------------------------------------------------ */

static void take_line(struct http_answer *a)
{
    switch (a->stage) {
    case HTTP_STATUS_LINE: a->wrong = http_head_take_status(a); break;
    case HTTP_HEADERS:
        if (a->line_len)
            http_head_take_field(a);
        else
            a->wrong = http_head_end(a);
        break;
    case HTTP_CHUNK_SIZE: take_chunk_size(a); break;
    case HTTP_CHUNK_END:
        if (a->line_len)
            give_up_body(a);
        else
            a->stage = HTTP_CHUNK_SIZE;
        break;
    default: /* HTTP_TRAILERS */
        if (!a->line_len)
            a->stage = HTTP_WHOLE;
        break;
    }
}

/* Handles a line with a CR or NUL inside. */
static void take_broken_line(struct http_answer *a)
{
    if (http_answer_known(a)) {
        give_up_body(a);
        return;
    }
    if (a->stage == HTTP_STATUS_LINE)
        a->wrong = http_head_take_status(a);
    a->doubtful = true; /* other recipients may end the line there and read a length after it */
}

/* Adds a byte to the line, and parses the line at its end. */
static void take_byte(struct http_answer *a, char c)
{
    if (!a->head_len && !c) { /* a frame's length (RFC 9113, 4.1) */
        a->wrong = "the receiver answers in HTTP/2, perhaps for gRPC, which is not spoken";
        return;
    }
    if (c != '\n') {
        if (a->line_len + 1 < sizeof a->line)
            a->line[a->line_len++] = c;
        else
            a->cut = true;
        return;
    }
    if (a->line_len && a->line[a->line_len - 1] == '\r' && !a->cut)
        a->line_len--;
    a->line[a->line_len] = '\0';
    if (memchr(a->line, '\r', a->line_len) || memchr(a->line, '\0', a->line_len)) {
        take_broken_line(a);
    } else {
        take_line(a);
    }
    a->line_len = 0;
    a->cut = false;
}

/* Stops reading a head that is too long. Its status is the verdict if it was read. */
static void end_long_head(struct http_answer *a)
{
    if (a->status < 200)
        a->wrong = "the head of the receiver's answer does not end";
    else
        give_up_body(a);
}

size_t http_answer_take(struct http_answer *a, const char *data, size_t len)
{
    size_t at = 0;

    while (at < len && !a->wrong && a->stage != HTTP_WHOLE) {
        bool known = http_answer_known(a);
        size_t n = 1;

        if (a->stage == HTTP_BODY || a->stage == HTTP_BODY_TO_END || a->stage == HTTP_CHUNK)
            n = take_body(a, data + at, len - at);
        else
            take_byte(a, data[at]);
        at += n;
        *(known ? &a->body_len : &a->head_len) += n;
        if (!known && a->head_len > HTTP_HEAD_MAX)
            end_long_head(a);
        if (a->body_len > HTTP_BODY_MAX)
            give_up_body(a);
    }
    return at;
}

void http_answer_end(struct http_answer *a)
{
    if (http_answer_known(a) && a->stage != HTTP_WHOLE)
        give_up_body(a);
}
