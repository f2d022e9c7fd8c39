/* Datagrams in a stream. Pure: it reads bytes from anyone, in pieces of any size.
 *
 *   05 00 00 00 a : 1 | c    06 00 00 00 b : 2 | m s     frames: DogStatsD's, each after its length, little-endian
 *   a : 1 | c LF b : 2 | m s LF                          lines, each a datagram
 *
 * The first four bytes tell: a length below 65536 has zeros in the third and fourth, a text nowhere. */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX  8192 /* bytes of a datagram */
#define FRAME_HEAD 4    /* bytes of a length */

enum frames_form { FRAMES_UNKNOWN, FRAMES_LENGTHS, FRAMES_LINES, FRAMES_BROKEN };

struct frames {
    enum frames_form form; /* FRAMES_BROKEN: a frame is longer than FRAME_MAX, so that nothing more can be read */
    bool skips;            /* the rest of a line that was too long */
    uint16_t from, to;     /* the bytes that wait */
    char bytes[FRAME_HEAD + FRAME_MAX];
};

struct frame {
    const char *at; /* valid until frames_room is called */
    size_t len;
    bool cut; /* its end is missing */
};

/* Prepares for a new stream. Leaves the bytes as they are. */
void frames_init(struct frames *f);

/* Returns where the stream's next bytes go. Sets *room to how many may, which is at least one after frames_next has
 * returned false, unless the stream is broken. */
char *frames_room(struct frames *f, size_t *room);

/* Adds len bytes, which were written there. */
void frames_add(struct frames *f, size_t len);

/* Takes the next datagram. A line longer than FRAME_MAX is cut there, and its rest is skipped. Empty lines are skipped;
 * an empty frame is a datagram. Returns false if more bytes have to come. */
bool frames_next(struct frames *f, struct frame *out);

/* Takes the last datagram at the end of the stream: a line without LF, or a frame of which bytes are missing. Call it
 * after frames_next has returned false. Returns false if there is none. */
bool frames_end(struct frames *f, struct frame *out);

#endif
