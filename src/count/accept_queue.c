#include "count/accept_queue.h"

void queue_clear(struct accept_queue *q)
{
    q->value[QUEUE_DEPTH] = q->value[QUEUE_LIMIT] = 0;
    q->unknown = 0;
}

void queue_add(struct accept_queue *q, const struct sock *listener, uint64_t n)
{
    q->value[QUEUE_DEPTH] += listener->rx_queue * (uint32_t)n;
    q->value[QUEUE_LIMIT] += listener->tx_queue * (uint32_t)n;
    q->unknown |= (uint8_t)~listener->known;
}

/* The sum only grows during a sample, so that its last value need not be told from the others. */
void queue_sample(struct accept_queue *q, const struct sock *listener, uint64_t n, uint32_t sample)
{
    if (q->sample != sample)
        q->value[QUEUE_DEPTH] = 0;
    q->sample = sample;
    q->value[QUEUE_DEPTH] += listener->rx_queue * (uint32_t)n;
    if (q->value[QUEUE_DEPTH] > q->highest)
        q->highest = q->value[QUEUE_DEPTH];
}

void queue_end(struct accept_queue *q, bool listens, bool peaks)
{
    unsigned now = 0;

    if (listens && !(q->unknown & SOCK_QUEUE)) {
        now = 1u << QUEUE_DEPTH;
        now |= q->unknown & SOCK_LIMIT ? 0 : 1u << QUEUE_LIMIT;
        now |= peaks ? 1u << QUEUE_PEAK : 0;
    }
    q->lost = (uint8_t)(q->pushed & ~now);
    q->pushed = (uint8_t)now;
    q->value[QUEUE_PEAK] = q->value[QUEUE_DEPTH] > q->highest ? q->value[QUEUE_DEPTH] : q->highest;
    q->highest = 0;
}

uint64_t queue_percent(const struct sock *listener)
{
    return UINT64_C(100) * listener->rx_queue / (UINT64_C(1) + listener->tx_queue);
}
