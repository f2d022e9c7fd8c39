#include "tcp_totals.h"

static uint64_t mean(uint64_t a, uint64_t b)
{
    return (a + b) / 2;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* Returns 1 or -1 where `listed` is more or less than `counted`, by more than `moved`; or 0. */
static int compare(uint64_t listed, uint64_t counted, uint64_t moved)
{
    return (less(listed, counted) > moved) - (less(counted, listed) > moved);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* Returns all sockets in the two states, by the counters. */
static struct tcp_rest totals(const struct tcp_counters *before, const struct tcp_counters *after,
                              const struct tcp_rows *rows)
{
    uint64_t inuse = mean(before->inuse + before->inuse6, after->inuse + after->inuse6);

    return (struct tcp_rest){
        .established = less(inuse, rows->full),
        .time_wait = less(mean(before->tw, after->tw), rows->fin_wait2),
    };
}

struct tcp_rest tcp_totals_rest(const struct tcp_counters *before, const struct tcp_counters *after,
                                const struct tcp_rows *rows)
{
    struct tcp_rest all = totals(before, after, rows);

    return (struct tcp_rest){
        .established = less(all.established, rows->established[0] + rows->established[1]),
        .time_wait = less(all.time_wait, rows->time_wait[0] + rows->time_wait[1]),
    };
}

int tcp_totals_compare(const struct tcp_counters *before, const struct tcp_counters *after, const struct tcp_rows *rows)
{
    struct tcp_rest all = totals(before, after, rows);
    uint64_t opens = less(after->opens, before->opens);
    uint64_t moved = distance(before->inuse + before->inuse6, after->inuse + after->inuse6) +
                     distance(before->tw, after->tw) + 2 * opens;
    int established = compare(rows->established[0] + rows->established[1], all.established, moved);

    return established ? established : compare(rows->time_wait[0] + rows->time_wait[1], all.time_wait, moved);
}
