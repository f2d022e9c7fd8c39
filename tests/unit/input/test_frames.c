/* Streams of frames and of lines, in pieces of any size. */
#include <string.h>

#include "input/frames.h"
#include "unit/helper.h"

#define STREAMS (3000 / ONE_IN)

/* What a stream became: each datagram as "bytes;", a cut one as "bytes!", and "X" at the end if it is broken. */
static char result[1 << 18], expected[1 << 18];
static size_t result_len, expected_len;

static void put(char *to, size_t *to_len, const char *bytes, size_t len, char end)
{
    assert_true(*to_len + len + 1 <= sizeof result);
    memcpy(to + *to_len, bytes, len);
    to[*to_len + len] = end;
    *to_len += len + 1;
}

static void put_frame(const struct frames *f, const struct frame *frame)
{
    assert_true(frame->len <= FRAME_MAX && frame->at >= f->bytes &&
                frame->at + frame->len <= f->bytes + sizeof f->bytes);
    put(result, &result_len, frame->at, frame->len, frame->cut ? '!' : ';');
}

/* Reads a stream in pieces of up to `most` bytes, all of which are as long as they can be if `whole`. */
static void read_in_pieces(const char *bytes, size_t len, uint32_t most, bool whole)
{
    static struct frames f;
    struct frame frame;
    size_t at = 0, n = 0;

    memset(f.bytes, 'Z', sizeof f.bytes); /* another stream's */
    frames_init(&f);
    result_len = 0;
    for (; at < len && f.form != FRAMES_BROKEN; at += n) {
        size_t room;
        char *to = frames_room(&f, &room);

        assert_true(room > 0);
        n = whole ? most : 1 + any(most);
        n = n < room ? n : room;
        n = n < len - at ? n : len - at;
        memcpy(to, flush_copy(bytes + at, n), n);
        frames_add(&f, n);
        while (frames_next(&f, &frame))
            put_frame(&f, &frame);
    }
    if (f.form == FRAMES_BROKEN)
        put(result, &result_len, "", 0, 'X');
    else if (frames_end(&f, &frame))
        put_frame(&f, &frame);
    assert_false(frames_end(&f, &frame));
}

/* Returns true if the stream becomes what is expected, whatever its pieces. */
static bool becomes_expected(const char *bytes, size_t len)
{
    static const uint32_t most[] = {1, 2, 3, 5, 100, 5000, FRAME_HEAD + FRAME_MAX};

    for (unsigned i = 0; i < COUNT_OF(most); i++)
        for (int whole = 0; whole < 2; whole++) {
            if (len > 20000 && most[i] < 100)
                continue;
            read_in_pieces(bytes, len, most[i], whole);
            if (result_len != expected_len || memcmp(result, expected, expected_len) != 0) {
                print_error("pieces of %u: %s\n", most[i], visible(result, result_len < 400 ? result_len : 400));
                return false;
            }
        }
    return true;
}

#define BYTES(text) text, sizeof text - 1

static void streams_become_datagrams(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *expected;
        size_t expected_len;
    } streams[] = {
        {BYTES(""), BYTES("")},
        {BYTES("a:1|c\n"), BYTES("a:1|c;")},
        {BYTES("a:1|c\nb:2|ms\n"), BYTES("a:1|c;b:2|ms;")},
        {BYTES("a:1|c\r\n\n\nb:2|ms"), BYTES("a:1|c\r;b:2|ms;")},
        {BYTES("\n\n\n\n\na:1|c\n"), BYTES("a:1|c;")},
        {BYTES("\n\n\n"), BYTES("\n\n\n;")}, /* too short to tell: the parser of lines skips it */
        {BYTES("a\nb"), BYTES("a\nb;")},
        {BYTES("a:1|c\n\0\n"), BYTES("a:1|c;\0;")},
        {BYTES("\5\0\0\0a:1|c"), BYTES("a:1|c;")},
        {BYTES("\5\0\0\0a:1|c\13\0\0\0b:2|c\nc:3|c\0\0\0\0\1\0\0\0x"), BYTES("a:1|c;b:2|c\nc:3|c;;x;")},
        {BYTES("\5\0\0\0a:1|c\5\0\0\0b:1"), BYTES("a:1|c;b:1!")},
        {BYTES("\5\0\0\0a:1|c\5\0\0\0"), BYTES("a:1|c;!")},
        {BYTES("\5\0\0\0a:1|c\5\0\0"), BYTES("a:1|c;!")},
        {BYTES("\5\0\0"), BYTES("\5\0\0;")},
        {BYTES("\1\40\0\0a"), BYTES("X")}, /* 8193 */
        {BYTES("\5\0\0\0a:1|c\1\40\0\0a"), BYTES("a:1|c;X")},
        {BYTES("\5\0\1\0a:1|c"), BYTES("X")}, /* 65541 */
        {BYTES("\5\0\0\1a:1|c"), BYTES("X")},
        {BYTES("\5\0\0\0a:1|c\377\377\377\377"), BYTES("a:1|c;X")},
        {BYTES("GET / HTTP/1.1\r\n\r\n"), BYTES("GET / HTTP/1.1\r;\r;")},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(streams); i++) {
        expected_len = streams[i].expected_len;
        memcpy(expected, streams[i].expected, expected_len);
        assert_row(becomes_expected(streams[i].bytes, streams[i].len), visible(streams[i].bytes, streams[i].len));
    }
}

/* --- streams at random, with what they must become ------------------------------------------ */

static char stream[1 << 17];
static size_t stream_len;

static void add(const char *bytes, size_t len)
{
    assert_true(stream_len + len <= sizeof stream);
    memcpy(stream + stream_len, bytes, len);
    stream_len += len;
}

/* Returns lengths that are mostly short, and sometimes around the limit. */
static size_t any_len(size_t most)
{
    size_t len = any(4) ? any(40) : any(3) ? any(FRAME_MAX) : FRAME_MAX - 5 + any(10);

    return len < most ? len : most;
}

static const char *any_bytes(size_t len, bool text)
{
    static char bytes[2 * FRAME_MAX];

    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)any(256);
        if (text && (bytes[i] == '\n' || !bytes[i]))
            bytes[i] = 'a';
    }
    return bytes;
}

static void make_frames(unsigned n)
{
    for (; n; n--) {
        size_t len = any_len(FRAME_MAX);
        const char *bytes = any_bytes(len, false);

        add((const char[]){(char)len, (char)(len >> 8), 0, 0}, FRAME_HEAD);
        add(bytes, len);
        put(expected, &expected_len, bytes, len, ';');
    }
    if (any(2)) {
        size_t len = 1 + any_len(FRAME_MAX - 1), part = any((uint32_t)len);
        const char *bytes = any_bytes(part, false);

        add((const char[]){(char)len, (char)(len >> 8), 0, 0}, FRAME_HEAD);
        add(bytes, part);
        put(expected, &expected_len, bytes, part, '!');
    }
}

static void make_lines(unsigned n)
{
    for (; n; n--) {
        size_t len = any(8) ? any_len(2 * FRAME_MAX) : 2 * any_len(FRAME_MAX);
        const char *bytes;

        if (!stream_len && len < FRAME_HEAD) /* the first four bytes must be a text's */
            len = FRAME_HEAD;
        bytes = any_bytes(len, true);
        add(bytes, len);
        if (len)
            put(expected, &expected_len, bytes, len < FRAME_MAX ? len : FRAME_MAX, len > FRAME_MAX ? '!' : ';');
        if (n > 1 || any(2))
            add("\n", 1);
    }
}

static void pieces_change_nothing(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= STREAMS; seed++) {
        bool good;

        any_seed(seed);
        stream_len = expected_len = 0;
        if (any(2))
            make_frames(1 + any(8));
        else
            make_lines(1 + any(8));
        good = becomes_expected(stream, stream_len);
        if (!good)
            print_error("seed %u\n", seed);
        assert_true(good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_become_datagrams),
        cmocka_unit_test(pieces_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
