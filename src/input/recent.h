/* A short way for lines whose like came before. All but the value decides which metric a line has, and how its value is
 * taken:
 *
 *   app.requests:1|c|@0.5|#env:prod,host:a
 *   head           tail                       the value is between them: from the first ":" to the next "|"
 *
 * Head and tail are kept as they came. A line with the same bytes is not parsed again. All of them are compared, so a
 * weak hash will do: who provokes collisions only takes the long way. Pure. */
#ifndef RECENT_H
#define RECENT_H

#include <stdbool.h>
#include <stdint.h>

#include "input/line.h"

struct recent_entry {
    double rate;
    uint32_t metric; /* its offset */
    uint16_t head_len, tail_len;
    uint64_t word[]; /* the head, filled with zeros, and so the tail */
};

struct recent {
    uint32_t *place, places; /* a hash table: offsets of entries, and bits of hashes; a power of 2 */
    uint32_t used, cap;      /* 8 bytes each, of the memory */
    bool full;               /* there was no room for a line */
};

/* A line that is cut. */
struct recent_line {
    const struct recent_entry *like; /* the one of the same head and tail, or NULL */
    struct line_value value;         /* its text, not empty, without control characters; the rest is the caller's */
    uint32_t number;                 /* of the value, if it is plain: 1 to 9 digits */
    bool plain;
    const char *next; /* where the next line begins */
    /* For recent_note: */
    uint64_t hash;
    uint32_t *place;            /* a free one, or NULL */
    struct recent_entry *entry; /* head and tail, in the memory that is not used yet */
    unsigned words;             /* of both */
};

/* Prepares r for size bytes at memory, 8 KiB to 8 MiB, which are zeroed, aligned for uint64_t, and stay the caller's.
 * All zeros are an r that keeps nothing. */
void recent_init(struct recent *r, void *memory, uint32_t size);

/* Cuts the line at the beginning of rest. Returns false if it has another form, or is too long. */
bool recent_cut(const struct recent *r, struct span rest, struct recent_line *line);

/* Keeps a line, unless its like is there. metric is the offset of its metric. */
void recent_note(struct recent *r, const struct recent_line *line, double rate, uint32_t metric);

/* Forgets all. */
void recent_clear(struct recent *r);

#endif
