#include "fleet/fleet.h"

#include <stdio.h>

struct aggregator aggregator;

static unsigned second_now(void)
{
    return (unsigned)((clock_ns - BEGIN) / SECOND % SECONDS_MAX);
}

enum place_state aggregator_connect(unsigned place)
{
    struct place *p = &aggregator.place[place];

    aggregator.rate[second_now()].connects++;
    if (p->state != PLACE_ANSWERS || !p->accepts)
        return p->state;
    if (p->second != second_now())
        p->accepted = 0;
    p->second = second_now();
    return p->accepted++ < p->accepts ? PLACE_ANSWERS : PLACE_SILENT;
}

/* Notes how long a new line waited while the aggregator worked. */
static void note_wait(uint64_t polled_ns)
{
    uint64_t since_ns = polled_ns > aggregator.back_ns ? polled_ns : aggregator.back_ns;

    if (aggregator.back_ns && clock_ns - since_ns > aggregator.late_ns)
        aggregator.late_ns = clock_ns - since_ns;
}

void aggregator_store(unsigned node, const struct piece *piece, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint32_t *stored = &nodes[node].stored[piece[i].poll];

        aggregator.rate[second_now()].lines += (unsigned)__builtin_popcount(piece[i].mask);
        if (piece[i].mask & ~*stored)
            note_wait(nodes[node].polled_ns[piece[i].poll]);
        *stored |= piece[i].mask;
    }
}

static bool has_capacity(void)
{
    if (!aggregator.answers.takes)
        return true;
    if (aggregator.second != second_now())
        aggregator.taken = 0;
    aggregator.second = second_now();
    return aggregator.taken++ < aggregator.answers.takes;
}

bool aggregator_answer(char *out, size_t cap)
{
    const struct answers *a = &aggregator.answers;
    int status = has_capacity() ? a->status : 429;
    char header[80] = "";
    uint64_t wait_s = a->retry_after_s;

    aggregator.rate[second_now()].requests++;
    if (a->until_ns)
        wait_s = a->until_ns > clock_ns ? (a->until_ns - clock_ns) / SECOND : 0;
    if (status != 200 && wait_s)
        snprintf(header, sizeof header, "Retry-After: %u\r\n", (unsigned)wait_s);
    snprintf(out, cap, "HTTP/1.1 %d Words\r\n%sContent-Length: 1\r\n\r\n%c", status, header, '0' + (int)a->rejects);
    return status == 200;
}
