/* Reads a receiver's answer in pieces, which must not change the result. A verdict comes only after a whole head. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "output/http_answer.h"

static void check(const struct http_answer *a)
{
    bool known = http_answer_known(a);

    MUST(!known || (a->status >= 200 && a->status < 1000 && !a->wrong));
    MUST(known || a->wrong || a->stage <= HTTP_HEADERS);
    MUST(a->wait_s <= 3600 && a->head_len <= HTTP_HEAD_MAX + 1 && a->line_len < sizeof a->line);
    must_be_printable(a->reason, sizeof a->reason);
    must_be_printable(a->location, sizeof a->location);
    must_be_printable(a->words, sizeof a->words);
}

/* Reads the data in pieces of up to step bytes. Returns how many bytes belong to the answer. */
static size_t read_all(struct http_answer *a, const uint8_t *data, size_t size, size_t step)
{
    size_t at = 0, n = 0, taken = 0;
    char *piece;

    http_answer_init(a);
    for (; at < size && taken == n; at += taken) {
        n = least(size - at, step);
        piece = copy_of(data + at, n);
        taken = http_answer_take(a, piece, n);
        free(piece);
        MUST(taken == n || (taken < n && (a->wrong || a->stage == HTTP_WHOLE)));
        check(a);
    }
    return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t step = size ? *data % 40 + 1 : 1, skipped = size > 0;
    struct http_answer whole, pieces;

    data += skipped;
    size -= skipped;
    MUST(read_all(&whole, data, size, size ? size : 1) == read_all(&pieces, data, size, step));
    MUST(!memcmp(&whole, &pieces, sizeof whole));
    http_answer_end(&whole);
    MUST(!http_answer_known(&whole) || whole.stage == HTTP_WHOLE);
    check(&whole);
    return 0;
}
