/* An arena for the start: memory is allocated piece by piece and freed at once. Never NULL:
 * without memory the program exits with a message. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

/* Zeroed at first. */
struct arena {
    struct arena_block *blocks;
    char *at; /* what is left of the block that small requests share */
    size_t left;
};

/* Allocates count × size bytes. Returns them zeroed and aligned for any type. */
void *arena_zero(struct arena *a, size_t count, size_t size);

/* Copies len bytes of text. Returns the copy, NUL-terminated. */
char *arena_text(struct arena *a, const char *text, size_t len);

/* Frees everything; the arena can then be used again. */
void arena_free(struct arena *a);

#endif
