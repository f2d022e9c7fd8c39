/* Natural numbers of up to LIMBS * 32 bits, for number.c and number_text.c. Pure. Nothing checks that a result has
 * room: both callers say why theirs do. */
#ifndef BIG_H
#define BIG_H

#include <stdint.h>

#define LIMBS 84 /* 2688 bits */

/* The least limb is first. The last is not 0, except after big_multiply. */
struct big {
    uint32_t limb[LIMBS];
    int n;
};

/* Sets b to value * 2^shift. */
void big_set(struct big *b, uint64_t value, int shift);

/* Multiplies b by factor, then adds to it. Returns what exceeds the n limbs, and keeps n. */
uint32_t big_multiply(struct big *b, uint32_t factor, uint32_t add);

/* Multiplies b by factor, then adds to it. */
void big_grow(struct big *b, uint32_t factor, uint32_t add);

/* Divides b. Returns the remainder. */
uint32_t big_divide(struct big *b, uint32_t divisor);

/* Multiplies b by 2^(32 * limbs). */
void big_shift(struct big *b, int limbs);

#endif
