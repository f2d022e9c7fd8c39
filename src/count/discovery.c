#include "count/discovery.h"

#include <string.h>

#include "base/hash.h"

#define LINGER_POLLS  10
#define LINGER_MIN_MS (60 * 1000)
#define LINGER_MAX_MS (10 * 60 * 1000)

void discovery_init(struct tally *t, struct arena *a)
{
    t->discovery = arena_zero(a, t->n_room - t->n_explicit, sizeof *t->discovery);
    t->bucket_mask = 1;
    while (t->bucket_mask < t->max_discovered)
        t->bucket_mask = t->bucket_mask * 2 + 1;
    t->bucket = arena_zero(a, t->bucket_mask + 1, sizeof *t->bucket);
}

static uint32_t *bucket_of(struct tally *t, const struct discovery_key *k)
{
    uint32_t words[6] = {(uint32_t)k->ip_version << 16 | k->port, (uint32_t)k->rule ^ (uint32_t)k->view << 14};

    memcpy(words + 2, k->address, 16);
    return &t->bucket[hash_words(words, 6) & t->bucket_mask];
}

static struct series *create_series(struct tally *t, const struct discovery_key *k, uint32_t *bucket)
{
    uint32_t slot = t->free_slot ? t->free_slot - 1 : t->n_slots++;
    struct discovery *d = &t->discovery[slot - t->n_explicit];
    struct series *s = &t->series[slot];

    if (t->free_slot)
        t->free_slot = d->next;
    *d = (struct discovery){.view = k->view, .port = k->port, .next = *bucket, .seen_ms = t->now_ms};
    memcpy(d->address, k->address, sizeof d->address);
    *s = (struct series){.rule = k->rule, .ip_version = k->ip_version, .discovery = d, .live = true};
    *bucket = slot + 1;
    t->reorder = true;
    return s;
}

static struct series *find(struct tally *t, const struct discovery_key *k)
{
    for (uint32_t i = *bucket_of(t, k); i; i = t->discovery[i - 1 - t->n_explicit].next) {
        const struct discovery *d = &t->discovery[i - 1 - t->n_explicit];
        struct series *s = &t->series[i - 1];

        if (s->rule == k->rule && d->port == k->port && d->view == k->view && s->ip_version == k->ip_version &&
            !memcmp(d->address, k->address, sizeof d->address))
            return s;
    }
    return NULL;
}

struct series *discovery_find(struct tally *t, const struct discovery_key *k, bool create)
{
    static const uint8_t no_address[16];
    const struct discovery_key other = {.rule = RULE_NONE, .ip_version = k->ip_version, .address = no_address};
    struct series *s = find(t, k);

    if (s)
        return s;
    if (t->discovered == t->max_discovered) {
        k = &other;
        s = find(t, k);
        t->overflowed |= create;
    }
    if (s || !create)
        return s;
    t->discovered += k->rule != RULE_NONE;
    return create_series(t, k, bucket_of(t, k));
}

static void end_series(struct tally *t, struct series *s)
{
    struct discovery *d = s->discovery;
    const struct discovery_key k = {
        .rule = s->rule, .ip_version = s->ip_version, .port = d->port, .view = d->view, .address = d->address};
    uint32_t number = (uint32_t)(s - t->series) + 1, *link = bucket_of(t, &k);

    while (*link != number)
        link = &t->discovery[*link - 1 - t->n_explicit].next;
    *link = d->next;
    if (s->rule != RULE_NONE)
        t->discovered--;
    drops_free(&t->drops, s->drops_index);
    s->live = false;
    d->next = t->free_slot;
    t->free_slot = number;
    t->reorder = true;
}

static bool empty(const struct series *s)
{
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (s->count[i])
            return false;
    return true;
}

void discovery_settle(struct tally *t)
{
    for (uint32_t i = t->n_explicit; i < t->n_slots; i++) {
        struct series *s = &t->series[i];

        if (!s->live)
            continue;
        if (!empty(s)) {
            s->discovery->seen_ms = t->now_ms;
            s->discovery->zero_polls = 0;
            s->discovery->ending = false;
        } else if (s->discovery->seen_ms == t->now_ms) {
            end_series(t, s); /* it came from a reading that was discarded */
        }
    }
}

bool discovery_is_over(uint64_t zero_polls, uint64_t gone_ms, uint64_t step_ms)
{
    return (zero_polls >= LINGER_POLLS && gone_ms >= LINGER_MIN_MS) || gone_ms + step_ms > LINGER_MAX_MS;
}

void tally_expire(struct tally *t)
{
    for (uint32_t i = t->n_explicit; i < t->n_slots; i++) {
        struct series *s = &t->series[i];
        struct discovery *d = s->discovery;
        uint64_t gone_ms = s->live ? t->now_ms - d->seen_ms : 0;
        bool over;

        if (!gone_ms)
            continue;
        d->zero_polls++;
        over = discovery_is_over(d->zero_polls, gone_ms, t->step_ms);
        if (d->ending || (over && !t->marks_ends))
            end_series(t, s);
        else
            d->ending = over;
    }
}
