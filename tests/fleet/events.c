/* Events in a binary heap, the next one first. */
#include <stdio.h>
#include <stdlib.h>

#include "fleet/fleet.h"

uint64_t clock_ns;

static struct event *heap;
static size_t n_events, room;
static uint64_t order, random_state;

void events_reset(uint64_t seed)
{
    n_events = 0;
    order = 0;
    clock_ns = BEGIN;
    random_state = seed;
}

/* Draws repeatable numbers: splitmix64. */
uint32_t platform_random(uint32_t below)
{
    uint64_t x = random_state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((x ^ x >> 31) >> 32) % below;
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

void event_add(uint64_t at_ns, enum event_type type, unsigned node, unsigned sock)
{
    struct event e = {.at_ns = at_ns, .order = order++, .type = type, .node = node, .sock = (uint8_t)sock};
    size_t at = n_events++;

    if (type == EVENT_READY || type == EVENT_ARRIVE)
        e.generation = nodes[node].sock[sock].generation;
    if (n_events > room) {
        room = room ? 2 * room : 65536;
        heap = realloc(heap, room * sizeof *heap);
        if (!heap)
            abort();
    }
    for (; at && is_before(&e, &heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = e;
}

static struct event take_first(void)
{
    struct event first = heap[0], last = heap[--n_events];
    size_t at = 0, child;

    while ((child = 2 * at + 1) < n_events) {
        if (child + 1 < n_events && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

static void handle(const struct event *e, void (*second)(unsigned second))
{
    switch (e->type) {
    case EVENT_SECOND:
        second((unsigned)((clock_ns - BEGIN) / SECOND));
        event_add(clock_ns + SECOND, EVENT_SECOND, 0, 0);
        break;
    case EVENT_POLL: node_poll(e->node); break;
    case EVENT_LIMIT:
        if (nodes[e->node].limit_ns == e->at_ns)
            node_run(e->node);
        break;
    case EVENT_READY:
        if (nodes[e->node].sock[e->sock].generation == e->generation)
            node_run(e->node);
        break;
    case EVENT_ARRIVE:
        if (nodes[e->node].sock[e->sock].generation == e->generation)
            network_arrive(e->node, e->sock);
        break;
    }
}

void events_run(unsigned length_s, void (*second)(unsigned second))
{
    uint64_t end_ns = BEGIN + length_s * SECOND;

    event_add(clock_ns, EVENT_SECOND, 0, 0);
    while (n_events && heap[0].at_ns <= end_ns) {
        struct event e = take_first();

        clock_ns = e.at_ns;
        handle(&e, second);
    }
}
