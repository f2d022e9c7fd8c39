/* The ports of pods: the rules of SOCKPUSH_PORTS, in a tally whose views are the pods' series. */
#include "count/pods.h"

/* A view's name is 1 + the place of the series, and above these bits its generation: no other one had it. */
#define PLACE_BITS 13
#define PLACE      ((1u << PLACE_BITS) - 1)

static uint64_t name_of(const struct pods *p, const struct pod_series *s)
{
    return (uint64_t)s->generation << PLACE_BITS | (uint64_t)(s - p->series + 1);
}

const struct pod_series *pods_of_ports(const struct pods *p, const struct series *series)
{
    uint64_t name = series->discovery->view;
    const struct pod_series *s = name ? &p->series[(name & PLACE) - 1] : NULL;

    return s && name_of(p, s) == name && !s->unread && !s->torn ? s : NULL;
}

void pods_begin_ports(struct pods *p)
{
    tally_begin(p->ports, p->now_ms);
}

void pods_enter_ports(struct pods *p, const struct pod_view *v)
{
    p->counted_some = false;
    tally_enter_view(p->ports, name_of(p, v->series));
}

/* Leaves out what only some of the sockets have: an owner who may be looked for, and lost datagrams, which are
 * remembered for few. */
void pods_count(void *pods, const struct sock *s, uint64_t n)
{
    struct pods *p = pods;
    struct sock one = *s;

    one.known &= (uint8_t)~(SOCK_OWNER | SOCK_DROPS);
    p->counted_some = true;
    tally_sock(p->ports, &one, n);
}

void pods_end_ports(struct pods *p)
{
    tally_end(p->ports);
    tally_end_tcp(p->ports, false, true);
}
