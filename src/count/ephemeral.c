#include "count/ephemeral.h"

#include <string.h>

#include "base/hash.h"

#define SLOTS (2 * ROUTES_MAX)

struct ephemeral *ephemeral_new(struct arena *a)
{
    struct ephemeral *e = arena_zero(a, 1, sizeof *e);

    e->route = arena_zero(a, ROUTES_MAX, sizeof *e->route);
    e->slot = arena_zero(a, SLOTS, sizeof *e->slot);
    return e;
}

void ephemeral_clear(struct ephemeral *e)
{
    memset(e->slot, 0, SLOTS * sizeof *e->slot);
    e->n = 0;
    e->left_out = 0;
}

static bool is_of(const struct route *r, const struct sock *s)
{
    return r->remote_port == s->remote_port && r->ip_version == s->ip_version &&
           !memcmp(r->local, s->local, sizeof r->local) && !memcmp(r->remote, s->remote, sizeof r->remote);
}

/* Returns the place in the hash of the socket's route, or a free one. */
static uint16_t *place_of(const struct ephemeral *e, const struct sock *s)
{
    uint32_t words[9] = {(uint32_t)s->ip_version << 16 | s->remote_port}, at;

    memcpy(words + 1, s->local, 16);
    memcpy(words + 5, s->remote, 16);
    for (at = hash_words(words, 9) % SLOTS; e->slot[at] && !is_of(&e->route[e->slot[at] - 1], s);)
        at = (at + 1) % SLOTS;
    return &e->slot[at];
}

void ephemeral_add(struct ephemeral *e, const struct sock *s, uint32_t series)
{
    uint16_t *place;

    if (s->protocol != PROTOCOL_TCP || !ports_have(&e->ports, s->local_port))
        return;
    place = place_of(e, s);
    if (!*place) {
        struct route *r = &e->route[e->n];

        if (e->n == ROUTES_MAX) {
            e->left_out++;
            return;
        }
        *r = (struct route){.remote_port = s->remote_port, .ip_version = s->ip_version, .series = series};
        memcpy(r->local, s->local, sizeof r->local);
        memcpy(r->remote, s->remote, sizeof r->remote);
        *place = (uint16_t)++e->n;
    }
    e->route[*place - 1].used++;
}

uint8_t ephemeral_percent(uint32_t used, uint32_t ports)
{
    return (uint8_t)(used >= ports ? 100 : used * 100 / ports);
}
