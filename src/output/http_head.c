#include "output/http_head.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "output/http_date.h"
#include "output/limits.h"

#define INTERIM_MAX       8
#define LENGTH_DIGITS_MAX 15

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

const char *http_head_take_status(struct http_answer *a)
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

void http_head_take_field(struct http_answer *a)
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

const char *http_head_end(struct http_answer *a)
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
