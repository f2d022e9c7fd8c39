/* The screen of --top: one poll as text of at most 80 columns, for a person. Pure. */
#ifndef TOP_H
#define TOP_H

#include "count/kernel.h"
#include "count/reader.h"
#include "count/tally.h"

/* Columns of the ports, in their order; ports can be sorted by those with a key. */
enum top_column {
    TOP_ESTABLISHED,
    TOP_SYN, /* SYN_SENT and SYN_RECV */
    TOP_TIME_WAIT,
    TOP_CLOSE_WAIT,
    TOP_UDP,
    TOP_QUEUE, /* accept queue; sorted by how full it is */
    TOP_PEAK,
    TOP_LIMIT,
    TOP_PID,
    TOP_NUMBERS,
    TOP_PORT = TOP_NUMBERS, /* the first one on the screen */
    TOP_COLUMNS
};

struct top_row {
    uint64_t key;   /* rows with a larger one come first */
    uint32_t place; /* in the tally, if the keys are the same */
    const struct series *series;
};

/* Texts belong to the caller. */
struct top {
    const char *host; /* or NULL */
    const char *why;  /* errors of backends, or "" */
    int64_t time_ms;  /* wall clock of the poll; -1: it was not set */
    int64_t interval_ms;
    const struct reading *reading;
    struct tally *tally;
    const struct kernel_reading *kernel, *before; /* of this poll and the one before; increases are running totals */
    uint64_t passed_ms;                           /* between these two; 0: there is no poll before */
    struct top_row *row;                          /* room for tally->n_room of them */
    enum top_column sort;
    unsigned lines, columns; /* of the screen; 0: plain text of all ports */
};

/* Returns the bytes of the longest screen with this tally. */
size_t top_size(const struct tally *t);

/* Puts the poll. A screen is written from its top left corner on, in the place of the one before, and has no character
 * that controls a terminal but those of top.c; a plain text ends in an empty line. */
void top_put(const struct top *t, struct buf *out);

/* Reads one byte from the keyboard. *state is 0 before the first. Returns the key, or 0 within and after the bytes of a
 * key such as an arrow ("ESC [ A", ECMA-48). */
char top_key(unsigned *state, char byte);

/* Returns the column that a key sorts by, or TOP_COLUMNS. */
enum top_column top_sorted_by(char key);

#endif
