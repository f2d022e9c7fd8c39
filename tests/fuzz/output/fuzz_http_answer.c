/* Reads a receiver's answer in different pieces. All must give the same result, and a verdict only after a whole
 * head. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "output/http_answer.h"

static bool printable(const char *text, size_t cap)
{
    MUST(memchr(text, '\0', cap));
    for (; *text; text++)
        if (*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static void check(const struct http_answer *a)
{
    bool known = http_answer_known(a);

    MUST(!known || (a->status >= 200 && a->status < 1000 && !a->wrong));
    MUST(known || a->wrong || a->stage <= HTTP_HEADERS);
    MUST(a->wait_s <= 3600 && a->head_len <= HTTP_HEAD_MAX + 1);
    MUST(a->line_len < sizeof a->line);
    MUST(printable(a->reason, sizeof a->reason) && printable(a->location, sizeof a->location) &&
         printable(a->words, sizeof a->words));
}

/* Reads the data in pieces of up to step bytes, each a block of its own. Returns how many bytes belong to the
 * answer. */
static size_t read_all(struct http_answer *a, const uint8_t *data, size_t size, size_t step)
{
    size_t at = 0, taken, n;

    http_answer_init(a);
    for (; at < size; at += taken) {
        char *piece;

        n = size - at < step ? size - at : step;
        piece = malloc(n);
        memcpy(piece, data + at, n);
        taken = http_answer_take(a, piece, n);
        free(piece);
        MUST(taken <= n);
        check(a);
        if (taken < n) {
            MUST(a->wrong || a->stage == HTTP_WHOLE);
            return at + taken;
        }
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_answer whole, pieces;
    size_t step = size ? data[0] % 40 + 1 : 1;

    if (size) {
        data++;
        size--;
    }
    MUST(read_all(&whole, data, size, size ? size : 1) == read_all(&pieces, data, size, step));
    MUST(whole.status == pieces.status && whole.stage == pieces.stage && whole.wrong == pieces.wrong &&
         whole.wait_s == pieces.wait_s);
    MUST(whole.closes == pieces.closes && whole.left == pieces.left && whole.body_len == pieces.body_len);
    MUST(!strcmp(whole.reason, pieces.reason) && !strcmp(whole.location, pieces.location) &&
         !strcmp(whole.words, pieces.words));
    http_answer_end(&whole);
    MUST(!http_answer_known(&whole) || whole.stage == HTTP_WHOLE);
    check(&whole);
    return 0;
}
