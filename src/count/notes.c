#include "count/notes.h"

#include <string.h>

#include "base/hash.h"

/* Few notes lie in the same page as the hash. */
void notes_init(struct notes *t, uint16_t max, struct arena *a)
{
    memset(t, 0, sizeof *t);
    t->max = max;
    t->round = 1;
    t->bucket_mask = 3; /* so that a note after it is aligned */
    while (t->bucket_mask < max)
        t->bucket_mask = t->bucket_mask * 2 + 1;
    t->bucket = arena_zero(a, (t->bucket_mask + 1) * sizeof *t->bucket + max * sizeof *t->note, 1);
    t->note = (struct note *)(t->bucket + t->bucket_mask + 1);
}

static uint16_t *bucket_of(struct notes *t, uint64_t cookie)
{
    const uint32_t words[] = {(uint32_t)cookie, (uint32_t)(cookie >> 32)};

    return &t->bucket[hash_words(words, 2) & t->bucket_mask];
}

/* Returns 1 + the index of a note that is not used, or 0. */
static uint16_t take(struct notes *t)
{
    uint16_t number = t->free;

    if (number)
        t->free = t->note[number - 1].next;
    else if (t->n_used < t->max)
        number = ++t->n_used;
    return number;
}

uint64_t *notes_find(struct notes *t, uint64_t cookie, bool *fresh)
{
    uint16_t *bucket = bucket_of(t, cookie), number;

    *fresh = false;
    for (number = *bucket; number; number = t->note[number - 1].next)
        if (t->note[number - 1].cookie == cookie) {
            t->note[number - 1].round = t->round;
            return &t->note[number - 1].value;
        }
    number = take(t);
    if (!number) {
        t->overflow++;
        return NULL;
    }
    *fresh = true;
    t->note[number - 1] = (struct note){.cookie = cookie, .next = *bucket, .round = t->round};
    *bucket = number;
    return &t->note[number - 1].value;
}

static void forget(struct notes *t, uint16_t number)
{
    struct note *note = &t->note[number - 1];
    uint16_t *link = bucket_of(t, note->cookie);

    while (*link != number)
        link = &t->note[*link - 1].next;
    *link = note->next;
    note->round = 0;
    note->next = t->free;
    t->free = number;
}

void notes_end(struct notes *t)
{
    for (uint32_t i = 0; i < t->n_used; i++)
        if (t->note[i].round && t->note[i].round != t->round)
            forget(t, (uint16_t)(i + 1));
    t->round++;
}
