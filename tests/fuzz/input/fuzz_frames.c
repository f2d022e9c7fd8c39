/* Reads a stream of frames or lines. In pieces, as long as the first byte's bits say, it must be what it is in one. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "input/frames.h"

#define RESULT_MAX (1 << 17)

struct result {
    char bytes[RESULT_MAX];
    size_t len;
    enum frames_form form;
};

static void put(struct result *r, const struct frames *f, const struct frame *frame)
{
    MUST(frame->len <= FRAME_MAX && frame->at >= f->bytes && frame->at + frame->len <= f->bytes + f->to);
    MUST(r->len + frame->len + 1 <= sizeof r->bytes);
    memcpy(r->bytes + r->len, frame->at, frame->len);
    r->len += frame->len;
    r->bytes[r->len++] = frame->cut ? '!' : ';';
}

/* most: bytes of the longest piece */
static void read_stream(struct result *r, const uint8_t *data, size_t size, size_t most)
{
    static struct frames f;
    struct frame frame;

    frames_init(&f);
    r->len = 0;
    while (size && f.form != FRAMES_BROKEN) {
        size_t room, n = size < most ? size : most;
        char *to = frames_room(&f, &room);

        MUST(room > 0);
        n = n < room ? n : room;
        memcpy(to, data, n);
        frames_add(&f, n);
        data += n;
        size -= n;
        while (frames_next(&f, &frame))
            put(r, &f, &frame);
    }
    if (frames_end(&f, &frame))
        put(r, &f, &frame);
    r->form = f.form;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct result whole, pieces;

    if (!size || size > RESULT_MAX / 2)
        return 0;
    read_stream(&whole, data + 1, size - 1, SIZE_MAX);
    read_stream(&pieces, data + 1, size - 1, 1 + (size_t)*data * *data);
    MUST(whole.len == pieces.len && whole.form == pieces.form && !memcmp(whole.bytes, pieces.bytes, whole.len));
    return 0;
}
