/* Memory of the start-up: taken piece by piece, given back at once. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks;
};

/* Zeroed, aligned for any type. Never NULL: without memory the program says so and ends,
 * which only its start can meet. */
void *arena_zero(struct arena *a, size_t count, size_t size);
char *arena_text(struct arena *a, const char *text, size_t len); /* NUL-terminated copy */
void arena_free(struct arena *a);

#endif
