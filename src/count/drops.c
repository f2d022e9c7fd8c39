#include "count/drops.h"

#include <string.h>

void drops_init(struct drops *d, struct arena *a)
{
    memset(d, 0, sizeof *d);
    notes_init(&d->last, DROPS_SOCKETS, a);
    for (int i = 0; i < DROPS_SERIES; i++)
        d->free[i] = ++d->frees;
}

/* The kernel counts in 32 bits. A fall that is no small rise in that arithmetic is another socket's, which can have the
 * same inode over procfs. */
uint32_t drops_since(struct drops *d, const struct sock *s)
{
    bool fresh;
    uint64_t *last = s->cookie ? notes_find(&d->last, s->cookie, &fresh) : NULL;
    uint32_t more;

    if (!last)
        return 0;
    more = fresh ? 0 : s->drops - (uint32_t)*last;
    *last = s->drops;
    return more > INT32_MAX ? 0 : more;
}

uint8_t drops_take(struct drops *d)
{
    int oldest = -1;

    for (int i = 0; i < DROPS_SERIES; i++)
        if (d->free[i] && (oldest < 0 || d->free[i] < d->free[oldest]))
            oldest = i;
    if (oldest < 0) {
        d->left_out = true;
        return 0;
    }
    d->free[oldest] = 0;
    return (uint8_t)(DROPS_FIRST_SERIES + oldest);
}

void drops_free(struct drops *d, uint8_t index)
{
    if (index)
        d->free[index - DROPS_FIRST_SERIES] = ++d->frees;
}
