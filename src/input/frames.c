#include "input/frames.h"

#include <string.h>

void frames_init(struct frames *f)
{
    f->form = FRAMES_UNKNOWN;
    f->skips = false;
    f->from = f->to = 0;
}

char *frames_room(struct frames *f, size_t *room)
{
    size_t left = (size_t)(f->to - f->from);

    if (f->from) {
        memmove(f->bytes, f->bytes + f->from, left);
        f->from = 0;
        f->to = (uint16_t)left;
    }
    *room = sizeof f->bytes - left;
    return f->bytes + left;
}

void frames_add(struct frames *f, size_t len)
{
    f->to = (uint16_t)(f->to + len);
}

/* Takes len bytes as a datagram, and drops the `after` bytes that follow it. Returns true. */
static bool take(struct frames *f, struct frame *out, size_t len, size_t after, bool cut)
{
    *out = (struct frame){f->bytes + f->from, len, cut};
    f->from = (uint16_t)(f->from + len + after);
    return true;
}

/* Takes a length's zeros as its sign wherever they are: a text with a zero is a broken stream then. */
static enum frames_form form_of(const char *head)
{
    return head[2] && head[3] ? FRAMES_LINES : FRAMES_LENGTHS;
}

static uint32_t length_of(const char *head)
{
    const unsigned char *b = (const unsigned char *)head;

    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static bool next_frame(struct frames *f, struct frame *out)
{
    size_t left = (size_t)(f->to - f->from);
    uint32_t len;

    if (left < FRAME_HEAD)
        return false;
    len = length_of(f->bytes + f->from);
    if (len > FRAME_MAX)
        f->form = FRAMES_BROKEN;
    if (len > FRAME_MAX || left < FRAME_HEAD + len)
        return false;
    f->from += FRAME_HEAD;
    return take(f, out, len, 0, false);
}

/* Drops bytes up to the LF that ends a line cut before, or all. */
static void skip(struct frames *f)
{
    const char *lf = memchr(f->bytes + f->from, '\n', (size_t)(f->to - f->from));

    f->skips = !lf;
    f->from = lf ? (uint16_t)(lf + 1 - f->bytes) : f->to;
}

static bool next_line(struct frames *f, struct frame *out)
{
    if (f->skips)
        skip(f);
    while (f->from < f->to) {
        const char *at = f->bytes + f->from, *lf;
        size_t left = (size_t)(f->to - f->from);

        lf = memchr(at, '\n', left < FRAME_MAX + 1 ? left : FRAME_MAX + 1);
        if (lf && lf > at)
            return take(f, out, (size_t)(lf - at), 1, false);
        f->skips = !lf && left > FRAME_MAX;
        if (f->skips)
            return take(f, out, FRAME_MAX, 0, true);
        if (!lf)
            return false;
        f->from++;
    }
    return false;
}

bool frames_next(struct frames *f, struct frame *out)
{
    if (f->form == FRAMES_UNKNOWN && f->to - f->from >= FRAME_HEAD)
        f->form = form_of(f->bytes + f->from);
    switch (f->form) {
    case FRAMES_LENGTHS: return next_frame(f, out);
    case FRAMES_LINES: return next_line(f, out);
    default: return false;
    }
}

bool frames_end(struct frames *f, struct frame *out)
{
    size_t left = (size_t)(f->to - f->from);

    if (!left || f->form == FRAMES_BROKEN)
        return false;
    if (f->form != FRAMES_LENGTHS)
        return take(f, out, left, 0, false); /* LF parts lines, and need not end the last */
    if (left < FRAME_HEAD)
        return take(f, out, 0, left, true);
    f->from += FRAME_HEAD;
    return take(f, out, left - FRAME_HEAD, 0, true);
}
