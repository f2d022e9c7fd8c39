#include "base/big.h"

#include <string.h>

static void trim(struct big *b)
{
    while (b->n && !b->limb[b->n - 1])
        b->n--;
}

void big_set(struct big *b, uint64_t value, int shift)
{
    int at = shift / 32, bits = shift % 32;

    memset(b->limb, 0, (size_t)at * sizeof *b->limb);
    b->limb[at] = (uint32_t)(value << bits);
    b->limb[at + 1] = (uint32_t)(value >> (32 - bits));
    b->limb[at + 2] = bits ? (uint32_t)(value >> 32 >> (32 - bits)) : 0;
    b->n = at + 3;
    trim(b);
}

uint32_t big_multiply(struct big *b, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;

    for (int i = 0; i < b->n; i++) {
        carry += (uint64_t)b->limb[i] * factor;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return (uint32_t)carry;
}

void big_grow(struct big *b, uint32_t factor, uint32_t add)
{
    uint32_t carry = big_multiply(b, factor, add);

    if (carry)
        b->limb[b->n++] = carry;
}

uint32_t big_divide(struct big *b, uint32_t divisor)
{
    uint64_t rest = 0;

    for (int i = b->n; i-- > 0;) {
        rest = rest << 32 | b->limb[i];
        b->limb[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    trim(b);
    return (uint32_t)rest;
}

void big_shift(struct big *b, int by)
{
    memmove(b->limb + by, b->limb, (size_t)b->n * sizeof *b->limb);
    memset(b->limb, 0, (size_t)by * sizeof *b->limb);
    b->n += by;
}
