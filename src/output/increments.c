#include "output/increments.h"

void pending_add(struct increment *pending, const struct increment *increment, size_t n)
{
    for (; n--; increment++) {
        struct increment *sum = &pending[(uint32_t)increment->id];

        if (increment->id > sum->id)
            *sum = *increment;
        else if (increment->id == sum->id)
            sum->n += increment->n;
    }
}

bool pending_take(struct increment *pending, struct added *sum)
{
    bool any = false;

    for (unsigned i = 0; i < sum->count; i++) {
        if (!pending[i].n) /* most pages of it are never written */
            continue;
        if (pending[i].id == added_id(sum, i)) {
            sum->n[i] += pending[i].n;
            any = true;
        }
        pending[i].n = 0;
    }
    return any;
}

static struct doubt *at(struct doubts *d, unsigned i)
{
    return &d->doubt[(d->first + i) % UNDER_WAY_MAX];
}

struct increment *doubts_add(struct doubts *d, uint64_t end, uint64_t lines, size_t n)
{
    struct doubt *last = at(d, d->n++);

    last->end = end;
    last->lines = lines;
    last->n = n;
    d->lines += lines;
    return last->increment;
}

void doubts_sent(struct doubts *d, uint64_t was, uint64_t end)
{
    if (d->n && at(d, d->n - 1)->end == was)
        at(d, d->n - 1)->end = end;
}

/* Removes the oldest chunk. Returns its lines. */
static uint64_t remove_oldest(struct doubts *d)
{
    uint64_t lines = at(d, 0)->lines;

    d->first++;
    d->n--;
    d->lines -= lines;
    return lines;
}

uint64_t doubts_deliver(struct doubts *d, uint64_t end)
{
    uint64_t lines = 0;

    while (d->n && at(d, 0)->end <= end)
        lines += remove_oldest(d);
    return lines;
}

uint64_t doubts_drop(struct doubts *d, struct increment *pending)
{
    uint64_t lines = 0;

    while (d->n) {
        pending_add(pending, at(d, 0)->increment, at(d, 0)->n);
        lines += remove_oldest(d);
    }
    return lines;
}
