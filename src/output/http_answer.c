#include "output/http_answer.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "output/http_date.h"
#include "output/limits.h"

#define INTERIM_MAX       8
#define LENGTH_DIGITS_MAX 15
#define CHUNK_DIGITS_MAX  8

void http_answer_init(struct http_answer *a)
{
    memset(a, 0, sizeof *a);
}

bool http_answer_known(const struct http_answer *a)
{
    return !a->wrong && a->stage > HTTP_HEADERS;
}

static void begin_head(struct http_answer *a)
{
    int interim = a->interim;
    size_t head_len = a->head_len;
    bool doubtful = a->doubtful;

    http_answer_init(a);
    a->closes = doubtful;
    a->interim = interim;
    a->head_len = head_len;
}

/* --- small texts --------------------------------------------------------------------- */

/* Copies text for the log: one line, printable, cut to cap. */
static void copy_printable(char *out, size_t cap, const char *text, size_t len)
{
    size_t n = 0;

    for (; len && n + 1 < cap; text++, len--)
        out[n++] = *text > ' ' && *text < 0x7f ? *text : ' ';
    out[n] = '\0';
}

/* Returns true if a comma-separated list has this word. */
static bool has_word(const char *list, const char *word)
{
    while (list) {
        size_t len = text_until(list, ",");
        const char *item = list;

        list = list[len] ? list + len + 1 : NULL;
        text_trim(&item, &len);
        if (len == strlen(word) && !strncasecmp(item, word, len))
            return true;
    }
    return false;
}

/* --- the head ------------------------------------------------------------------------------ */

/* Parses "HTTP/1.1 204 No Content". It accepts later minor versions, several blanks and statuses from 600 on (RFC 9110,
 * 2.5 and 15; RFC 9112, 4). Returns NULL, or what is wrong. */
static const char *take_status_line(struct http_answer *a)
{
    const char *text = a->line + 8;
    size_t blanks;
    uint64_t status;

    if (strncmp(a->line, "HTTP/1.", 7) || a->line[7] < '0' || a->line[7] > '9' || !(blanks = strspn(text, " \t")))
        return "the receiver does not answer with HTTP/1.1";
    a->minor = a->line[7] - '0';
    text += blanks;
    if (!http_number_read(&text, 3, &status) || status < 100 || (*text && *text != ' ' && *text != '\t'))
        return "the receiver's answer has no status";
    a->status = (int)status;
    if (*text)
        copy_printable(a->reason, sizeof a->reason, text + 1, strlen(text + 1));
    a->stage = HTTP_HEADERS;
    return NULL;
}

/* Parses Content-Length: "5", or "5, 5" as RFC 9110, 8.6 allows. */
static void take_length(struct http_answer *a, const char *value)
{
    uint64_t length;

    do {
        value += strspn(value, " \t");
        if (!http_number_read(&value, LENGTH_DIGITS_MAX, &length) || (a->has_length && length != a->left)) {
            a->doubtful = true;
            return;
        }
        a->has_length = true;
        a->left = length;
        value += strspn(value, " \t");
    } while (*value++ == ',');
    a->doubtful |= value[-1] != '\0';
}

/* Parses Transfer-Encoding. Only chunked delimits the body. identity means no coding (RFC 2616, 3.6); but since RFC
 * 9112, 6.3, a recipient may then take the connection's end for the body's. */
static void take_coding(struct http_answer *a, const char *value)
{
    if (!strcasecmp(value, "identity")) {
        a->closes = true;
        return;
    }
    a->doubtful |= a->chunked || strcasecmp(value, "chunked");
    a->chunked = true;
}

static void take_retry_after(struct http_answer *a, const char *value)
{
    const char *end = value;
    uint64_t seconds;

    if (http_number_read(&end, LENGTH_DIGITS_MAX, &seconds) && !*end)
        a->wait_s = seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S;
    else
        a->retry_s = http_date_read(value);
}

static void take_header(struct http_answer *a, const char *name, const char *value)
{
    a->framing = true;
    if (!strcasecmp(name, "Content-Length")) {
        take_length(a, value);
        return;
    }
    if (!strcasecmp(name, "Transfer-Encoding")) {
        take_coding(a, value);
        return;
    }
    a->framing = false;
    if (!strcasecmp(name, "Connection")) {
        a->closes |= has_word(value, "close");
        a->keeps |= has_word(value, "keep-alive");
    } else if (!strcasecmp(name, "Retry-After")) {
        take_retry_after(a, value);
    } else if (!strcasecmp(name, "Date")) {
        a->date_s = http_date_read(value);
    } else if (!strcasecmp(name, "Location")) {
        copy_printable(a->location, sizeof a->location, value, text_until(value, "?#"));
    }
}

/* Parses "Name: value", and skips anything else. A line that begins with a blank continues the one before (RFC
 * 9112, 5.2); a blank before the colon is invalid (5.1). Both make the body's length doubtful. */
static void take_header_line(struct http_answer *a)
{
    size_t len = text_until(a->line, ":"), name_len = len, value_len;
    const char *name = a->line, *value = a->line + len + 1;

    if (*a->line == ' ' || *a->line == '\t') {
        a->doubtful |= a->framing;
        return;
    }
    a->framing = false;
    text_trim(&name, &name_len);
    if (!name_len || !a->line[len] || text_until(a->line, " \t\"(),/;<=>?@[\\]{}") < name_len)
        return;
    a->line[name_len] = '\0';
    value_len = strlen(value);
    text_trim(&value, &value_len);
    a->line[(size_t)(value - a->line) + value_len] = '\0';
    take_header(a, a->line, value);
    a->doubtful |= a->framing && (name_len < len || a->cut);
}

/* Ends the head, after its empty line, and decides how the body is delimited. Returns NULL, or what is wrong. */
static const char *end_head(struct http_answer *a)
{
    if (a->status < 200) {
        if (a->status == 101 || ++a->interim > INTERIM_MAX)
            return "the receiver sends interim answers only";
        begin_head(a);
        return NULL;
    }
    /* Use the receiver's clock, since ours may be wrong. */
    if (a->retry_s > a->date_s && a->date_s)
        a->wait_s = a->retry_s - a->date_s < RETRY_AFTER_MAX_S ? (uint64_t)(a->retry_s - a->date_s) : RETRY_AFTER_MAX_S;
    a->closes |= !a->minor && !a->keeps;
    a->closes |= a->doubtful ||
                 (a->status == 204 &&
                  (a->chunked || (a->has_length && a->left))); /* a 204 has no body, but this one may send it */
    if (a->status == 204 || a->status == 304 || (a->doubtful && a->status < 300)) {
        a->stage = HTTP_WHOLE;
    } else if (a->doubtful) {
        a->stage = HTTP_BODY_TO_END; /* read it for its words */
    } else if (a->chunked) {
        a->closes |= a->has_length || !a->minor; /* faulty framing, or response splitting (RFC 9112, 6.1, 6.3) */
        a->stage = HTTP_CHUNK_SIZE;
    } else if (a->has_length) {
        a->stage = a->left ? HTTP_BODY : HTTP_WHOLE;
    } else {
        a->closes = true;
        a->stage = HTTP_BODY_TO_END;
    }
    return NULL;
}

/* --- the body ------------------------------------------------------------------------------- */

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

/* Consumes bytes of the body. Returns how many. */
static void keep_body(struct http_answer *a, const char *data, size_t len)
{
    size_t room = sizeof a->body - a->kept_len, n = len < room ? len : room;

    memcpy(a->body + a->kept_len, data, n);
    a->kept_len += n;
}

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
    case HTTP_STATUS_LINE: a->wrong = take_status_line(a); break;
    case HTTP_HEADERS:
        if (a->line_len)
            take_header_line(a);
        else
            a->wrong = end_head(a);
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
        a->wrong = take_status_line(a);
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
