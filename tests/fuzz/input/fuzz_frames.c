/* Reads a stream of frames or lines. In pieces, as long as the first byte's bits say, it must be what it is in one. */
#include <string.h>

#include "base/buf.h"
#include "fuzz/fuzz.h"
#include "input/frames.h"

static void put(struct buf *out, const struct frames *f, const struct frame *frame)
{
    MUST(frame->len <= FRAME_MAX && frame->at >= f->bytes && frame->at + frame->len <= f->bytes + f->to);
    buf_put(out, frame->at, frame->len);
    buf_char(out, frame->cut ? '!' : ';');
}

/* Puts what is read of the stream, in pieces of up to `most` bytes. Returns its form. */
static enum frames_form read_stream(struct buf *out, const uint8_t *data, size_t size, size_t most)
{
    static struct frames f;
    struct frame frame;

    memset(&f, (int)most, sizeof f); /* what it does not read must not matter */
    frames_init(&f);
    for (size_t n, room; size && f.form != FRAMES_BROKEN; data += n, size -= n) {
        char *to = frames_room(&f, &room);

        MUST(room > 0);
        n = least(room, least(size, most));
        memcpy(to, data, n);
        frames_add(&f, n);
        while (frames_next(&f, &frame))
            put(out, &f, &frame);
    }
    if (frames_end(&f, &frame))
        put(out, &f, &frame);
    MUST(!out->full);
    return f.form;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char bytes[2][1 << 17];
    struct buf whole = {.data = bytes[0], .cap = sizeof *bytes}, pieces = {.data = bytes[1], .cap = sizeof *bytes};

    if (!size || size > sizeof *bytes / 2)
        return 0;
    MUST(read_stream(&whole, data + 1, size - 1, SIZE_MAX) ==
         read_stream(&pieces, data + 1, size - 1, 1 + (size_t)*data * *data));
    MUST(whole.len == pieces.len && !memcmp(whole.data, pieces.data, whole.len));
    return 0;
}
