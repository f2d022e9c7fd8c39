/* Sets up a tally: the series of its rules, and room for those that sockets make. */
#include <string.h>

#include "count/discovery.h"

/* Sockets in CLOSE_WAIT whose age is known. The first ones are, and so the oldest. */
#define CLOSE_WAIT_MAX 4096

/* Adds the series of a rule: one of its IP version for a rule with an address, else one of each. */
static void add_explicit(struct tally *t, int rule)
{
    const struct rule *r = &t->rules->rule[rule];

    t->explicit_of[rule] = t->n_explicit + 1;
    for (uint8_t version = 4; version <= 6; version += 2) {
        if (r->ip.version && r->ip.version != version)
            continue;
        t->series[t->n_explicit++] = (struct series){.rule = rule, .ip_version = version, .live = true};
    }
}

/* Sets up *t, zeroed but for t->by_view. */
static void init(struct tally *t, const struct rules *rules, uint32_t max_discovered, struct arena *a)
{
    bool discovers = t->by_view;

    t->rules = rules;
    for (int i = 0; i < rules->n; i++)
        discovers |= rule_discovers(&rules->rule[i]);
    t->max_discovered = discovers ? max_discovered : 0;
    /* Two more are for "other", which counts what exceeds the maximum, of each IP version. */
    t->n_room = (t->by_view ? 0 : 2 * (uint32_t)rules->n) + t->max_discovered + 2;
    t->series = arena_zero(a, t->n_room, sizeof *t->series);
    t->order = arena_zero(a, t->n_room, sizeof *t->order);
    t->explicit_of = arena_zero(a, (size_t)rules->n + 1, sizeof *t->explicit_of);
    for (int i = 0; i < rules->n; i++)
        if (!t->by_view && !rule_discovers(&rules->rule[i]))
            add_explicit(t, i);
    t->n_slots = t->n_explicit;
    discovery_init(t, a);
    if (rules->listen != RULE_NONE) {
        t->listening = arena_zero(a, 1, sizeof *t->listening);
        t->listened = arena_zero(a, 1, sizeof *t->listened);
    }
    if (rules->remote_ports && !t->by_view) /* each view may have a range of local ports of its own */
        t->ephemeral = ephemeral_new(a);
    if (rules->n)
        notes_init(&t->close_wait, CLOSE_WAIT_MAX, a);
    drops_init(&t->drops, a);
    t->reorder = true;
}

void tally_init(struct tally *t, const struct rules *rules, uint32_t max_discovered, struct arena *a)
{
    memset(t, 0, sizeof *t);
    init(t, rules, max_discovered, a);
}

void tally_init_views(struct tally *t, const struct rules *rules, uint32_t max_discovered, struct arena *a)
{
    memset(t, 0, sizeof *t);
    t->by_view = true;
    init(t, rules, max_discovered, a);
}
