/* The series as they are pushed: their order, and the tags that name them. */
#include "count/tally_order.h"

#include <string.h>

#include "base/format.h"
#include "base/sort.h"

/* Orders by view, rule (RULE_NONE last, as unsigned), port, IP version and address. */
static int by_rule(const void *a, const void *b)
{
    static const struct discovery none;
    const struct series *x = *(const struct series *const *)a, *y = *(const struct series *const *)b;
    const struct discovery *of_x = x->discovery ? x->discovery : &none, *of_y = y->discovery ? y->discovery : &none;
    int diff = (of_x->view > of_y->view) - (of_x->view < of_y->view);

    if (!diff)
        diff = ((unsigned)x->rule > (unsigned)y->rule) - ((unsigned)x->rule < (unsigned)y->rule);
    if (!diff)
        diff = (int)of_x->port - (int)of_y->port;
    if (!diff)
        diff = (int)x->ip_version - (int)y->ip_version;
    return diff ? diff : memcmp(of_x->address, of_y->address, sizeof of_x->address);
}

void tally_order(struct tally *t)
{
    t->n_order = 0;
    for (uint32_t i = 0; i < t->n_slots; i++)
        if (t->series[i].live)
            t->order[t->n_order++] = &t->series[i];
    sort(t->order, t->n_order, sizeof *t->order, by_rule);
    t->reorder = false;
}

uint32_t tally_count(const struct tally *t)
{
    return t->n_order;
}

struct series *tally_series(struct tally *t, uint32_t i)
{
    return t->order[i];
}

bool series_is_remote(const struct tally *t, const struct series *s)
{
    return s->rule != RULE_NONE && t->rules->rule[s->rule].kind == RULE_REMOTE;
}

const char *series_addr_port(const struct tally *t, const struct series *s, char text[ADDR_PORT_MAX])
{
    const struct discovery *d = s->discovery;
    struct ip ip = {.version = s->ip_version};

    if (s->rule == RULE_NONE)
        return "other";
    if (!d || !rule_discovers(&t->rules->rule[s->rule]))
        return t->rules->rule[s->rule].text + series_is_remote(t, s); /* without ">" */
    memcpy(ip.bytes, d->address, sizeof ip.bytes);
    if (t->rules->rule[s->rule].kind == RULE_MATCH)
        addr_port_format(&ip, d->port, text);
    else
        text_format(text, ADDR_PORT_MAX, "%u", d->port);
    return text;
}
