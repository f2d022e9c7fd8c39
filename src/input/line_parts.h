/* Helpers that the files of the parser of lines share. */
#ifndef LINE_PARTS_H
#define LINE_PARTS_H

#include <stdint.h>

#include "input/line.h"

/* Returns a word with byte in each of its bytes. */
#define EACH(byte) (UINT64_MAX / 255 * (byte))

/* Marks the bytes that are 0 with their highest bit. Only the lowest mark is certain. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - EACH(1)) & ~word & EACH(0x80);
}

/* Returns the bytes from at to before end. */
static inline struct span span_of(const char *at, const char *end)
{
    return (struct span){at, (size_t)(end - at)};
}

/* Returns the first stop, or end. The parts of a line are so short that a loop is faster than memchr. */
static inline const char *span_find(const char *at, const char *end, char stop)
{
    while (at != end && *at != stop)
        at++;
    return at;
}

/* Returns the first "|" or ":", or end. */
static inline const char *span_find_end(const char *at, const char *end)
{
    while (at != end && *at != '|' && *at != ':')
        at++;
    return at;
}

/* Reads a type. */
bool line_read_kind(const char *at, const char *end, enum metric_kind *out);

/* Reads a rate, after its "@". Above 1 it is 1. */
bool line_read_rate(const char *at, const char *end, double *out);

/* Reads all values of l, so that line_next cannot fail, and sets l->signed_gauge. */
enum line_fault line_read_values(struct line *l);

/* Parse an event and a service check: "_e{" and "_sc|" are before at. */
enum line_fault line_parse_event(const char *at, const char *end, struct line *l);
enum line_fault line_parse_check(const char *at, const char *end, struct line *l);

#endif
